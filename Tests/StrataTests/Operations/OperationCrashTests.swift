import Foundation
import Strata
import StrataTesting
import Testing

/// Operations of processes that die, and of processes that live.
@Suite(.serialized) struct OperationCrashTests {
    @Test(arguments: [OperationKind.train, .evaluate, .createState])
    func anOperationWhoseProcessIsKilledHasFailed(kind: OperationKind) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { watcher in
                let settings = ModelSettings(maxDurations: OperationHarness.patient)
                let model = try await watcher.createModel(named: "m", options: ModelOptions(settings: settings))
                let active = try await watcher.commit([("w", [1])], to: model.id, options: StateOptions(makeActive: true))
                let helper = try await HelperProcess("\(kind.rawValue)-hang", path, model.id, 3)
                let line = await helper.nextLine()
                let id = try #require(OperationID(line ?? "none"), "\(helper.errorText())")
                let living = try await Self.reopened(path, id, of: model.id)
                #expect(living.isRunning && living.kind == kind, "a live process's operation goes on")
                helper.kill()
                // The watcher does not look for dead sessions; the next handle does.
                let unseen = try await watcher.operation(id, of: model.id)
                #expect(unseen.isRunning)
                let dead = try await Self.reopened(path, id, of: model.id)
                #expect(dead.status == .failed(.launcherTerminated) && dead.finishedAtMilliseconds != nil)
                if kind == .train {
                    let status = try await watcher.trainingStatus(id, of: model.id)
                    #expect(status.metrics == [TrainingMetric(name: "step", amount: 3)], "what was reported before stays")
                    guard case .failed(.launcherTerminated, _) = status.phase else {
                        Issue.record("\(status)")
                        return
                    }
                }
                // Nothing that it used is held.
                try await watcher.activateState(model.activeStateID, of: model.id)
                try await watcher.deleteState(active.id, of: model.id)
                await expectRefusal(.stateNotFound) { _ = try await watcher.state(active.id, of: model.id) }
                let total = try await watcher.states(of: model.id).total
                #expect(total == 1)
                try await expectNothingLeft(in: watcher)
            }
        }
    }

    /// The record as a handle sees it that has just opened the store.
    private static func reopened(_ path: String, _ id: OperationID, of model: ModelID) async throws -> OperationRecord {
        try await withStore(at: path) { try await $0.operation(id, of: model) }
    }

    @Test func aTrainingIsCancelledInAnotherProcess() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { store in
                let settings = ModelSettings(maxDurations: OperationHarness.patient)
                let model = try await store.createModel(named: "m", options: ModelOptions(settings: settings)).id
                let helper = try await HelperProcess("train-hang", path, model, 1)
                let line = await helper.nextLine()
                let id = try #require(OperationID(line ?? "none"), "\(helper.errorText())")
                try await store.cancelTraining(id, of: model)
                let end = await helper.nextLine()
                #expect(end == "cancelled")
                #expect(helper.exitStatus() == 0)
                let record = try await store.operation(id, of: model)
                #expect(record.status == .failed(.cancelled))
            }
        }
    }
}
