import Strata
import StrataTesting
import Testing

/// Which states a policy keeps and why, and that pruning does what its plan says.
@Suite struct PruningTests {
    private func reasons(_ plan: borrowing PruningPlan) -> [String: [RetentionReason]] {
        Dictionary(plan.states.map { ($0.name, $0.reasons) }, uniquingKeysWith: { $1 })
    }

    @Test func eachRuleKeepsWhatItNames() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            for number in 1...3 { try await store.commit([("k", [UInt8(number)])], to: model, named: "old-\(number)") }
            let active = try await store.commit([("k", [9])], to: model, named: "release-1", options: StateOptions(makeActive: true))
            try await store.createSnapshot(of: model, named: "s")
            let mounted = try await store.commit([("k", [7])], to: model, named: "mounted")
            try await store.commit([("k", [8])], to: model, named: "newest")
            try await store.withMounts([MountRequest(modelID: model, selection: .state(mounted.id))]) { _ in
                var policy = RetentionPolicy()
                policy.last = 1
                policy.named = ["release-*", "old-[12]"]
                policy.snapshotted = true
                let plan = try await store.planPruning(policy, of: [model])
                #expect(reasons(plan) == [
                    "newest": [.last], "mounted": [.mounted], "release-1": [.active, .named, .snapshotted], "old-3": [],
                    "old-2": [.named], "old-1": [.named], "initial": [],
                ])
                let report = try await store.prune(plan)
                #expect(report.deletedStates.count == 2 && report.leftStates.isEmpty)
            }
            try await store.activateState(mounted.id, of: model)
            var last = RetentionPolicy()
            last.last = 1
            // The snapshot keeps its values though its state goes.
            _ = try await store.prune(try await store.planPruning(last, of: [model]))
            let left = try await store.states(of: model).items.map(\.name)
            #expect(left == ["mounted", "newest"])
            _ = try await store.collect()
            let snapshot = try #require(try await store.snapshots(of: model).items.first)
            let kept = try await store.withSnapshotState(snapshot.id, of: model) { try await $0.bytes(of: "k") }
            #expect(kept == [9])
            await expectRefusal(.stateNotFound) { _ = try await store.state(active.id, of: model) }
        }
    }

    @Test func aPeriodAndATagKeepStates() async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions()
            options.tags = [Tag("keep", "all")]
            let tagged = try await store.createModel(named: "tagged", options: options).id
            let plain = try await store.createModel(named: "plain").id
            for model in [tagged, plain] { try await store.commit([("k", [1])], to: model, named: "s") }
            var policy = RetentionPolicy()
            policy.tagged = [Tag("keep", "all")]
            let byTag = try await store.planPruning(policy, of: [tagged, plain])
            #expect(byTag.states.map(\.reasons) == [[.tagged], [.active, .tagged], [], [.active]])
            policy = RetentionPolicy()
            policy.within = .seconds(3600)
            let byAge = try await store.planPruning(policy, of: [plain])
            #expect(byAge.states.map(\.reasons) == [[.within], [.active, .within]])
        }
    }

    @Test func thePlanTellsWhatCollectionWillFree() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let other = try await store.createModel(named: "other").id
            let shared = SeededBytes.random(300_000, seed: 1)
            var weights = SeededBytes.weights(80_000, seed: 2)
            var newest: State?
            for number in 0..<4 {
                weights = SeededBytes.trained(weights, seed: UInt64(number))
                newest = try await store.commit(
                    [("w", weights), ("shared", shared), ("own", SeededBytes.random(100_000, seed: UInt64(50 + number)))], to: model,
                    named: "v\(number)")
            }
            try await store.commit([("shared", shared)], to: other)
            // Garbage that was there before is not the plan's.
            let gone = try await store.commit([("x", SeededBytes.random(200_000, seed: 9))], to: other)
            try await store.deleteState(gone.id, of: other)
            try await store.activateState(try #require(newest).id, of: model)
            var policy = RetentionPolicy()
            policy.last = 1
            let unplanned = try await store.planPruning(policy, of: [model])
            _ = try await store.collect()
            let plan = try await store.planPruning(policy, of: [model])
            #expect(unplanned.freed == plan.freed)
            let freed = plan.freed
            #expect(freed.valueCount == 6 && freed.packCount > 0)
            _ = try await store.prune(plan)
            let report = try await store.collect()
            #expect(report.removed == freed)
            let contents = try await store.contents(of: model)
            #expect(contents["w"] == weights)
        }
    }

    @Test func whatIsNeededByThenIsLeft() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let a = try await store.commit([("k", [1])], to: model, named: "a")
            try await store.commit([("k", [2])], to: model, named: "b")
            let c = try await store.commit([("k", [3])], to: model, named: "c")
            try await store.commit([("k", [4])], to: model, named: "d")
            var policy = RetentionPolicy()
            policy.last = 1
            let plan = try await store.planPruning(policy, of: [model])
            try await store.activateState(a.id, of: model)
            try await store.deleteState(c.id, of: model)
            let report = try await store.prune(plan)
            #expect(report.leftStates == [a.id: .active, c.id: nil] && report.deletedStates.count == 1)
            let left = try await store.states(of: model).items.map(\.name)
            #expect(left == ["initial", "a", "d"], "the plan took the first state for the active one")
        }
    }

    @Test func aPolicyWithoutRulesAndAStrangersPlanAreRefused() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            await expectRefusal(.invalidParameter, field: "policy") { _ = try await store.planPruning(RetentionPolicy(), of: [model]) }
            var policy = RetentionPolicy()
            policy.last = 0
            await expectRefusal(.invalidParameter, field: "last") { _ = try await store.planPruning(policy, of: [model]) }
            policy.last = 1
            let fixed = policy
            try await withTemporaryStore { other in
                let plan = try await store.planPruning(fixed, of: [model])
                do {
                    _ = try await other.prune(plan)
                    Issue.record("another store's plan was carried out")
                } catch {
                    #expect((error as? StrataError)?.code == .invalidParameter)
                }
            }
        }
    }
}
