import DecthingsAPI
import Glibc
import Logging
import Strata

/// Starts a session: lays out the code, starts the process, waits until its code is loaded.
///
/// Everything it makes is in `resources` at once; when it throws, the caller dismantles them.
struct SessionStart: Sendable {
    let program: RuntimeProgram
    let resources: SessionResources
    let configuration: ProcessExecutor.Configuration
    let logger: Logger

    func run(_ code: ModelCode) async throws -> ProcessSession {
        guard let confinement = resources.confinement else { preconditionFailure("a session starts inside its bounds") }
        let folder = resources.folder
        let program = program
        try await code.files.layOut(in: folder.model)
        try await blocking { try program.checkEntryFile(in: folder.model) }
        let connection = try await RuntimeConnection.listen(at: folder.socket, logger: logger)
        resources.add(connection)
        let process = try await launch(connection, confinement)
        let ending = ConversationEnd(
            process: process, connection: connection, confinement: confinement, logger: logger)
        let events = RuntimeEvents(connection.inbound)
        let frames = OutboundFrames(connection)
        do {
            if program.takesInitialize {
                let path = folder.model + "/" + program.entryFile
                try await frames.send(RuntimeFrames.command(.initialize(path: path)))
            }
            try await waitUntilInitialized(events)
        } catch is RuntimeConnection.Ended {
            throw await explained(try await ending.failureOfEnd(), process, connection)
        } catch let error as WireError {
            throw ending.failureOfBrokenFrame(error)
        }
        logger.debug("a model process has loaded its code", metadata: ["process.id": "\(process.id)"])
        let calls = RuntimeCalls(
            frames: frames, events: events, ending: ending, mediaLayout: program.mediaLayout, logger: logger)
        return ProcessSession(
            resources: resources, language: code.language, calls: calls, outputSizeBytesMax: configuration.outputSizeBytesMax)
    }

    /// - Throws: `ExecutionFailure.exception` when loading raised; `RuntimeConnection.Ended`; `WireError`.
    private func waitUntilInitialized(_ events: RuntimeEvents) async throws {
        var message: RuntimeMessage?
        while let event = try await events.next() {
            switch event {
            case .message(let json, _): message = try RuntimeMessage(decoding: json)
            case .messageEnd:
                guard case .modelSessionInitialized(let failure) = message else { continue }
                guard let failure else { return }
                throw ExecutionFailure.exception(at: .codeStartup, details: ExceptionDetails.text(of: failure))
            case .blobStart, .blobBytes, .blobEnd, .dataEvent: continue
            }
        }
        throw RuntimeConnection.Ended()
    }

    private func launch(_ connection: RuntimeConnection, _ confinement: SessionConfinement) async throws -> ModelProcess {
        let output = try await OutputPipe.open(partSizeBytesMax: configuration.outputPartSizeBytesMax)
        resources.add(standardOutput: output)
        let error = try await OutputPipe.open(partSizeBytesMax: configuration.outputPartSizeBytesMax)
        resources.add(standardError: error)
        let process = try await blocking { [program, resources, configuration, confinement] in
            let request = try confinement.confine(program.request(in: resources.folder, configuration))
            do {
                let id = try output.withWritingEnd { output in
                    try error.withWritingEnd { try request.spawn(standardOutput: output, standardError: $0) }
                }
                let process = ModelProcess(id: id) { connection.processHasExited() }
                resources.add(process)
                confinement.began(process)
                return process
            } catch let error as SpawnError {
                throw ExecutionFailure.invalidExecutableFile(reason: error.description)
            }
        }
        logger.debug("a model process was started", metadata: ["process.id": "\(process.id)"])
        return process
    }

    /// A process that ended before it connected never was a model's runtime: its own words say why.
    private func explained(
        _ failure: ExecutionFailure, _ process: ModelProcess, _ connection: RuntimeConnection
    ) async -> ExecutionFailure {
        let standardError = await resources.standardError()
        logger.info(
            "a model process ended before its code was loaded",
            metadata: ["failure": "\(failure)", "stderr": "\(standardError.text.suffix(4096))"])
        guard !connection.hasConnected, case .success(let status)? = process.exit.result else { return failure }
        if let reason = StartFailure.reason(status, standardError) {
            return .invalidExecutableFile(reason: reason)
        }
        if let path = program.interpreter, let remedy = PythonInterpreter.remedy(for: standardError, path: path) {
            return .invalidExecutableFile(reason: remedy)
        }
        return failure
    }
}
