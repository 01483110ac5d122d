import Catalog

extension StateStore {
    /// States that one transaction deletes.
    private static let pruneBatch = 32
    private static let retentionPage = 500

    /// Works out which states of some models a policy keeps and what the others would free; changes nothing.
    ///
    /// - Throws: `invalid_parameter` (a policy without rules), `model_not_found`.
    /// - Complexity: reads a row a state, and the chunk lists of what would go. The plan holds all states of the models.
    public func planPruning(_ policy: RetentionPolicy, of models: [ModelID]) async throws(StrataError) -> PruningPlan {
        let (states, freed) = try await translating { () async throws -> ([PlannedState], CollectedRows) in
            try checkOpen()
            try policy.check()
            var planned: [PlannedState] = []
            var keySets: [Int64: Int] = [:]
            var seen: Set<ModelID> = []
            for id in models where seen.insert(id).inserted {
                planned += try await plan(policy, try await model(id), &keySets)
            }
            return (planned, try await catalog.forecastRelease(of: keySets))
        }
        return PruningPlan(
            states: states, freed: CollectedGarbage(freed), storeID: id, keepsSnapshotted: policy.snapshotted)
    }

    private func plan(
        _ policy: RetentionPolicy, _ model: Model, _ keySets: inout [Int64: Int]
    ) async throws -> [PlannedState] {
        var planned: [PlannedState] = []
        var rank = 0
        var last: Int64?
        let now = Clock.milliseconds()
        while true {
            let rows = try await catalog.retentionRows(model: model.id.rawValue, before: last, limit: Self.retentionPage)
            guard let end = rows.last else { return planned }
            last = end.row
            for row in rows where !row.isBeingDeleted {
                rank += 1
                let reasons = policy.reasons(for: row, rank: rank, of: model, nowMilliseconds: now)
                if reasons.isEmpty { keySets[row.keySet, default: 0] += 1 }
                planned.append(
                    PlannedState(
                        id: StateID(unchecked: row.publicID), modelID: model.id, modelName: model.name, name: row.name,
                        createdAtMilliseconds: row.createdAt, sizeBytes: row.sizeBytes, reasons: reasons))
            }
        }
    }

    /// Deletes the states that a plan lets go. A state that was activated, mounted or (where the policy keeps those)
    /// snapshotted since is left. The bytes go with the next collection.
    ///
    /// - Throws: `invalid_parameter` for another store's plan. What was deleted before an error stays deleted.
    /// - Complexity: a transaction for each 32 states.
    public func prune(_ plan: consuming PruningPlan) async throws(StrataError) -> PruningReport {
        let (doomed, storeID, keepsSnapshotted) = (plan.doomed, plan.storeID, plan.keepsSnapshotted)
        return try await translating {
            _ = try writing()
            guard storeID == id else { throw StrataError.invalidParameter("plan", "the plan was made for store \(storeID), this is \(id)") }
            var deleted: [StateID] = []
            var left: [StateID: RetentionReason?] = [:]
            for (model, states) in doomed {
                for start in stride(from: 0, to: states.count, by: Self.pruneBatch) {
                    let batch = states[start..<min(start + Self.pruneBatch, states.count)]
                    let refused = try await catalog.pruneStates(
                        batch.map(\.rawValue), of: model.rawValue, keepingSnapshotted: keepsSnapshotted)
                    for state in batch {
                        if let refusal = refused[state.rawValue] {
                            left[state] = .some(RetentionReason(refusal))
                        } else {
                            deleted.append(state)
                        }
                    }
                }
            }
            return PruningReport(deletedStates: deleted, leftStates: left)
        }
    }
}

extension RetentionReason {
    /// Nil for a state that is gone.
    fileprivate init?(_ refusal: PruneRefusal) {
        switch refusal {
        case .isActive: self = .active
        case .isPinned: self = .mounted
        case .hasSnapshot: self = .snapshotted
        case .isGone: return nil
        }
    }
}
