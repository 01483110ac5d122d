import Foundation
import Strata
import StrataTesting

/// An operation on the model `hangs_on_request`, which ends only when something ends it.
struct StuckOperation: Sendable {
    let kind: OperationKind
    let store: StateStore
    let model: ModelID
    var id = OperationID.random()

    /// Gives the model an active state that makes it hang in `phase`.
    static func makeState(in store: StateStore, of model: ModelID, hangingIn phase: ExecutionPhase) async throws {
        try await store.commitState(of: model, named: "stuck", options: StateOptions(makeActive: true)) {
            try await $0.write("call", Array(phase.rawValue.utf8))
        }
    }

    /// Whether a process below `root` has come to the call that it hangs in.
    static func hangs(below root: String) -> Bool {
        Leftovers.files(below: root).contains { session in
            let names = (try? FileManager.default.subpathsOfDirectory(atPath: root + "/" + session)) ?? []
            return names.contains { $0.hasSuffix("/hanging") }
        }
    }

    /// Runs it to its end; nil when that is none of a failure.
    func failure(on executor: any ModelExecutor) async throws -> ExecutionFailure? {
        switch kind {
        case .train:
            try await store.train(TrainRequest(modelID: model, newStateName: "never", operationID: id), on: executor)
            if case .failed(let failure, _) = try await store.waitForTraining(id, of: model) { return failure }
        case .evaluate:
            let result = try await store.evaluate(EvaluateRequest(modelID: model, operationID: id), on: executor)
            if case .failure(let failure) = result.outcome { return failure }
        case .createState:
            let request = CreateStateRequest(
                modelID: model, name: "never", mounts: [MountRequest(modelID: model)], stateID: StateID(unchecked: id.rawValue))
            if case .failed(let failure, _) = try await store.createState(request, on: executor) { return failure }
        }
        return nil
    }
}
