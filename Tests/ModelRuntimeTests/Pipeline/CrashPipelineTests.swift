import Foundation
import Glibc
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// A host that is killed while it runs a real model of a real store: the store tells so, and the next host finds nothing left.
@Suite struct CrashPipelineTests {
    @Test(arguments: [
        (OperationKind.train, ExecutionPhase.getState, true), (.evaluate, .evaluate, false), (.createState, .createState, true),
        (.createState, .createState, false),
    ])
    func whatRanOnAKilledHostHasFailedAndIsCleared(kind: OperationKind, phase: ExecutionPhase, isIsolated: Bool) async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                try await store.changeFiles(of: model) { try await $0.putTree(Fixture.path("hangs_on_request")) }
                try await StuckOperation.makeState(in: store, of: model, hangingIn: phase)
                return model
            }
            let id = OperationID.random()
            let told = [path, folder + "/groups", root, model.rawValue, id.rawValue, kind.rawValue]
            await #expect(processExitsWith: .signal(SIGKILL)) { [told = told as [String], isIsolated = isIsolated as Bool] in
                try await Self.hangAndDie(told, isIsolated: isIsolated)
            }
            let groups = try String(contentsOfFile: folder + "/groups", encoding: .utf8).split(separator: "\n").map(String.init)
            #expect(groups.isEmpty == !Machine.holdsProcessesTogether)
            #expect(Leftovers.files(below: root).count == 1)
            let held = try await StoreLeftovers.rows(of: path)
            #expect(held.pins > 0 && held.running == 1 && held.creations == (kind == .createState ? 1 : 0))
            try await withStore(at: path) { try await Self.expectFailed(id, of: model, in: $0) }

            var configuration = ProcessExecutor.Configuration()
            configuration.temporaryRoot = root
            let executor = ProcessExecutor(configuration: configuration)
            #expect(await holds { Leftovers.processes(below: root).isEmpty && Leftovers.files(below: root).isEmpty })
            #expect(await holds { !groups.contains(where: FileManager.default.fileExists) })
            await executor.close()
        }
    }

    /// What the process does that is killed.
    private static func hangAndDie(_ told: [String], isIsolated: Bool) async throws {
        let (path, notes, root) = (told[0], told[1], told[2])
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        configuration.endsWithHost = false
        configuration.confinement.isolation = isIsolated ? .automatic : .none
        let log = KeptLog()
        let executor = ProcessExecutor(configuration: configuration, logger: log.logger)
        let store = try await StateStore.open(at: path)
        let operation = StuckOperation(
            kind: try #require(OperationKind(rawValue: told[5])), store: store, model: ModelID(unchecked: told[3]),
            id: OperationID(unchecked: told[4]))
        let work = Task { try await operation.failure(on: executor) }
        try #require(await holds(within: .seconds(60)) { StuckOperation.hangs(below: root) })
        try Data(log.groups.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: notes))
        kill(getpid(), SIGKILL)
        _ = try await work.value
    }

    /// The record tells what became of it, and nothing is held for it any more.
    private static func expectFailed(_ id: OperationID, of model: ModelID, in store: StateStore) async throws {
        let record = try await store.operation(id, of: model)
        #expect(record.status == .failed(.launcherTerminated) && record.finishedAtMilliseconds != nil)
        try await StoreLeftovers.expectNone(in: store)
        #expect(try await store.states(of: model).total == 2)
        #expect(try await store.creatingStates(of: model).isEmpty)
        #expect(try await store.verify().isSound)
    }
}
