extension StateStore {
    /// Copies models to another store: their states, snapshots, files, settings and tags, with their ids and times.
    ///
    /// What the destination has is not copied again, so that a copy which was cut off, or made before, goes on where it stopped:
    /// states and snapshots by their ids, bytes by their digests, which are looked up before anything is read. What
    /// is new is stored as any new state, as the difference from what it resembles. A copy of a whole model also makes
    /// its description, settings, tags, files and active state those of the source; what only the destination has stays.
    /// Each state, snapshot and tree of files appears whole or not at all. What is damaged here is left out and named in the
    /// report's `failures`; everything else is copied. Datasets are not.
    ///
    /// - Parameters:
    ///   - models: nil copies all.
    ///   - states: only these states of the one model that is named; nil copies all, with what belongs to the model.
    ///   - progress: called after each state and snapshot, from any task.
    /// - Throws: `model_not_found`, `state_not_found`; of the destination `read_only`, `name_already_used` (another model of that name),
    ///   `no_space`, `io`; `invalid_parameter`, `cancelled`. What was copied by then stays.
    /// - Complexity: for each value its chunk list and a look-up of its chunks there; for what is new one read here and one
    ///   ingest there. An fsync for each pack and transaction. What is deleted here meanwhile is collected after it.
    public func copy(
        _ models: [ModelID]? = nil, states: [StateID]? = nil, to destination: StateStore,
        progress: (@Sendable (CopyProgress) -> Void)? = nil
    ) async throws(StrataError) -> CopyReport {
        try await translating {
            try checkOpen()
            _ = try destination.writing()
            guard destination.path != path else {
                throw StrataError.invalidParameter("destination", "the store `\(path)` cannot be copied to itself; name another store")
            }
            guard states == nil || models?.count == 1 else {
                throw StrataError.invalidParameter("states", "states are copied of one model; name it, and no other")
            }
            return try await holdingHorizon { _ in
                var copy = StoreCopy(from: self, to: destination, progress: progress)
                let all = if let models { models } else { try await allModels() }
                for id in all { try await copy.copy(id, states: states) }
                return copy.report
            }
        }
    }

    private func allModels() async throws -> [ModelID] {
        var all: [ModelID] = []
        var filter = ListFilter()
        filter.isAscending = true
        while true {
            let page = try await models(filter, offset: all.count, limit: 1000)
            all += page.items.map(\.id)
            if page.items.count < 1000 { return all }
        }
    }
}
