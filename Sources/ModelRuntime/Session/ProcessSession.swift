import DecthingsAPI
import Logging
import NIOCore
import Strata
import Synchronization

/// A model whose code is loaded in a process of its own.
final class ProcessSession: ModelSession {
    private let resources: SessionResources
    private let connection: RuntimeConnection
    private let events: RuntimeEvents
    private let ending: ConversationEnd
    private let mediaLayout: MediaLayout
    private let logger: Logger
    private let callCount = Mutex(0)

    init(
        resources: SessionResources, connection: RuntimeConnection, events: RuntimeEvents, ending: ConversationEnd,
        mediaLayout: MediaLayout, logger: Logger
    ) {
        self.resources = resources
        self.connection = connection
        self.events = events
        self.ending = ending
        self.mediaLayout = mediaLayout
        self.logger = logger
    }

    var isReused: Bool { false }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        var datasets = ServedDatasets(mediaLayout: mediaLayout)
        let command = try await command(for: call, &datasets)
        let server = ItemServer(datasets: datasets, connection: connection, logger: logger)
        let reception = StateReception(
            callID: command.id, events: events, server: server, receiver: receiver, logger: logger)
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await server.run(after: RuntimeFrames.command(command.command))
                    return false
                }
                group.addTask {
                    try await reception.run()
                    return true
                }
                defer { group.cancelAll() }
                // The server may end first, when the process has closed its socket; the answer decides.
                while let isAnswered = try await group.next(), !isAnswered {}
            }
        } catch is RuntimeConnection.Ended {
            throw try await ending.failureOfEnd()
        } catch let error as WireError {
            throw ending.failureOfBrokenFrame(error)
        }
    }

    func terminate(reusable: Bool) async { await resources.dismantle() }

    private func command(
        for call: CreateModelStateCall, _ datasets: inout ServedDatasets
    ) async throws -> (id: String, command: RuntimeCommand) {
        var parameters: [RuntimeParameter] = []
        for parameter in call.parameters { parameters.append(try await datasets.add(parameter)) }
        var otherModels: [RuntimeOtherModel] = []
        for (number, model) in call.otherModels.enumerated() {
            let path = try await blocking { [folder = resources.folder] in try folder.makeMount(number) }
            try await model.files.layOut(in: path)
            let state = try model.state.map { try datasets.add(stateKey: $0) }
            otherModels.append(RuntimeOtherModel(id: model.modelID.rawValue, mountPath: path, state: state))
        }
        let id = callCount.withLock { count in
            defer { count += 1 }
            return String(count)
        }
        return (id, .callCreateModelState(id: id, params: parameters, otherModels: otherModels))
    }
}
