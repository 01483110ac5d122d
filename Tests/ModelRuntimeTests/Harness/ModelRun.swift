import Foundation
import Logging
import ModelRuntime
import Strata
import Synchronization
import Testing

/// One operation as the pipeline drives it: launcher, start, call, terminate, release; each phase within a limit.
struct ModelRun: Sendable {
    var files: any MountedFiles
    var language = ModelLanguage.python
    var parameters: [CallParameter] = []
    var otherModels: [MountedModel] = []
    var receiver = RecordingReceiver()
    var spec = LauncherSpec()
    var logger = Logger(label: "strata.model-runtime")
    var startLimit = Duration.seconds(60)
    var createLimit = Duration.seconds(120)
    var configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in }

    init(_ fixture: String) { files = Fixture.files(fixture) }
    init(files: any MountedFiles) { self.files = files }

    /// What came of it.
    struct Outcome: Sendable {
        var receiver: RecordingReceiver
        /// Nil on success.
        var error: (any Error)?
        var output: SessionOutput?
        var startTime = Duration.zero
        var terminateTime = Duration.zero

        var failure: ExecutionFailure? { error as? ExecutionFailure }
    }

    /// A phase took longer than its limit and was cancelled; it took `delay` more to return.
    struct LimitReached: Error {
        let phase: ExecutionPhase
        let delay: Duration
    }

    /// Runs it and checks that nothing is left: no process, no file.
    func run(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Outcome {
        try await RunGate.shared.pass { try await checked(sourceLocation) }
    }

    private func checked(_ sourceLocation: SourceLocation) async throws -> Outcome {
        let root = try Self.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        configure(&configuration)
        let output = OutputBox()
        configuration.receiveOutput = { output.value.set($0) }
        let executor = ProcessExecutor(configuration: configuration, logger: logger)
        var outcome = await operate(executor)
        outcome.output = output.value.get()
        #expect(Leftovers.processes(below: root).isEmpty, sourceLocation: sourceLocation)
        #expect(Leftovers.files(below: root).isEmpty, sourceLocation: sourceLocation)
        #expect(!receiver.isBroken, sourceLocation: sourceLocation)
        return outcome
    }

    /// Runs it on `executor` without looking for leftovers.
    func operate(_ executor: ProcessExecutor) async -> Outcome {
        var outcome = Outcome(receiver: receiver)
        do {
            let launcher = try await executor.acquireLauncher(at: .temporaryLauncher(spec))
            do {
                try await operate(launcher, &outcome)
                await launcher.release()
            } catch {
                await launcher.release()
                throw error
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }

    private func operate(_ launcher: any ModelLauncher, _ outcome: inout Outcome) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let code = ModelCode(modelID: .random(), language: language, files: files, filesIdentity: "test")
        let session = try await limited(startLimit, .codeStartup) { try await launcher.start(code) }
        outcome.startTime = clock.now - begin
        let call = CreateModelStateCall(parameters: parameters, otherModels: otherModels)
        var failure: (any Error)?
        do {
            try await limited(createLimit, .createState) { [receiver] in
                try await session.createModelState(call, receiver: receiver)
            }
        } catch {
            failure = error
        }
        let end = clock.now
        await session.terminate(reusable: failure == nil)
        outcome.terminateTime = clock.now - end
        if let failure { throw failure }
    }

    private func limited<T: Sendable>(
        _ limit: Duration, _ phase: ExecutionPhase, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let work = Task { try await body() }
        let cut = Mutex<ContinuousClock.Instant?>(nil)
        let timer = Task {
            try await Task.sleep(for: limit)
            cut.withLock { $0 = .now }
            work.cancel()
        }
        defer { timer.cancel() }
        do {
            return try await work.value
        } catch {
            if let cut = cut.withLock({ $0 }) { throw LimitReached(phase: phase, delay: .now - cut) }
            throw error
        }
    }

    static func makeRoot() throws -> String {
        var template = Array("/tmp/smr-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

}

private final class OutputBox: Sendable {
    let value = Box<SessionOutput>()
}

/// A value that is set by one task and read by another.
final class Box<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    func set(_ new: Value) { value.withLock { $0 = new } }
    func get() -> Value? { value.withLock { $0 } }
}
