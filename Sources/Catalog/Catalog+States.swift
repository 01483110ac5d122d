public import ContentStore
import GRDB

extension Catalog {
    /// How many of a model's newest states are searched for a base.
    static let baseSearchDepth = 32

    /// Makes a state visible: packs, values, keys and the state itself, in one transaction with everything asked beside it.
    ///
    /// - Throws: `model_not_found`, `state_not_found` and `state_is_active` (of `deleteStates`), `cancelled` (the creation or
    ///   operation was ended by somebody else), `conflict`.
    public func commitState(_ commit: StateCommit) async throws {
        try await write(change: commit.change) { db in
            guard let model = try ModelTable(db: db).row(of: commit.modelID) else { throw CatalogError.modelNotFound(commit.modelID) }
            if commit.endsCreation { try CreationTable(db: db).end(commit.stateID) }
            if let operation = commit.operationID { try OperationTable(db: db).commit(operation, finishedAt: commit.createdAt) }
            if !commit.mayReplaceActive { try Self.delete(commit.deleteStates, of: commit.modelID, db) }
            let keySet = try Self.enter(commit, db)
            let state = try StateTable(db: db).insert(
                .init(
                    publicID: commit.stateID, model: model, name: commit.name, createdAt: commit.createdAt, keySet: keySet,
                    baseState: commit.baseState, lineageJSON: commit.lineageJSON, mountsJSON: commit.mountsJSON))
            if commit.makeActive { try ModelTable(db: db).setActiveState(state, ofModelRow: model) }
            if commit.mayReplaceActive { try Self.delete(commit.deleteStates, of: commit.modelID, db) }
        }
    }

    static func enter(_ commit: StateCommit, _ db: Database) throws -> Int64 {
        let fresh = try enter(commit.packs, db)
        let values = ValueTable(db: db)
        let keys = try commit.keys.map { key, value in
            (key: key, value: try values.retain(value, fresh: fresh), sizeBytes: value.sizeBytes)
        }
        return try KeySetTable(db: db).insert(keys)
    }

    /// Enters packs; answers the ids of their chunks.
    static func enter(_ packs: [SealedPack], _ db: Database) throws -> [Digest: ChunkID] {
        var fresh: [Digest: ChunkID] = [:]
        for pack in packs { fresh.merge(try PackTable(db: db).insert(pack)) { first, _ in first } }
        return fresh
    }

    private static func delete(_ states: [String], of model: String, _ db: Database) throws {
        guard !states.isEmpty else { return }
        let table = StateTable(db: db)
        let sequence = try StoreTable(db: db).nextSequence()
        for id in states {
            guard let state = try table.state(id, model: model) else { throw CatalogError.stateNotFound(id, model: model) }
            try table.delete(state, sequence: sequence)
        }
    }

    public func state(id: String, model: String) async throws -> StateRow? {
        try await read { db in try StateTable(db: db).state(id, model: model) }
    }

    /// A model's states in the order of creation; nil when there is no such model.
    public func states(model: String, offset: Int, limit: Int) async throws -> RowPage<StateRow>? {
        try await read { db in
            guard let row = try ModelTable(db: db).row(of: model) else { return nil }
            let table = StateTable(db: db)
            return RowPage(
                rows: try table.states(ofModelRow: row, offset: offset, limit: limit), total: try table.count(ofModelRow: row))
        }
    }

    public func renameState(id: String, model: String, to name: String) async throws {
        try await changing(id, of: model) { db, state in try StateTable(db: db).rename(row: state.row, to: name) }
    }

    public func activateState(id: String, model: String) async throws {
        try await changing(id, of: model) { db, state in
            guard !state.isBeingDeleted else { throw CatalogError.stateNotFound(id, model: model) }
            guard let row = try ModelTable(db: db).row(of: model) else { throw CatalogError.modelNotFound(model) }
            try ModelTable(db: db).setActiveState(state.row, ofModelRow: row)
        }
    }

    public func deleteState(id: String, model: String) async throws {
        try await changing(id, of: model) { db, state in
            try StateTable(db: db).delete(state, sequence: try StoreTable(db: db).nextSequence())
        }
    }

    private func changing(
        _ id: String, of model: String, _ body: @escaping @Sendable (Database, StateRow) throws -> Void
    ) async throws {
        try await write { db in
            guard try ModelTable(db: db).row(of: model) != nil else { throw CatalogError.modelNotFound(model) }
            guard let state = try StateTable(db: db).state(id, model: model) else {
                throw CatalogError.stateNotFound(id, model: model)
            }
            try body(db, state)
        }
    }

    /// The keys of a state, or of the active one; nil when there is none.
    public func stateContent(id: String?, model: String) async throws -> StateContent? {
        try await read { db in
            let table = StateTable(db: db)
            let state: StateRow?
            if let id {
                state = try table.state(id, model: model)
            } else {
                state = try ModelTable(db: db).row(of: model).flatMap { try table.activeState(ofModelRow: $0) }
            }
            return state.map { StateContent(publicID: $0.publicID, keys: $0.keys) }
        }
    }

    public func value(_ id: ValueID) async throws -> ValueRow? {
        try await read { db in try ValueTable(db: db).value(id) }
    }

    /// The chunk list segments that hold bytes of `range`.
    public func chunkList(value: ValueID, overlapping range: Range<Int64>) async throws -> [ChunkListSegment] {
        try await read { db in try ValueTable(db: db).chunkList(of: value, overlapping: range) }
    }

    /// The value under `key` of a state of any model, if it has this length.
    public func value(ofKey key: String, sizeBytes: Int64, inState state: String) async throws -> ValueID? {
        try await read { db in
            guard let keySet = try db.number("SELECT key_set_id FROM states WHERE public_id = ?", [state]) else { return nil }
            return try StateTable(db: db).value(ofKey: key, sizeBytes: sizeBytes, keySet: keySet)
        }
    }

    /// The value that a new one under `key` probably resembles: the active state's, else the newest, of the same length.
    public func baseCandidate(model: String, key: String, sizeBytes: Int64) async throws -> ValueID? {
        try await read { db in
            let table = StateTable(db: db)
            if let row = try ModelTable(db: db).row(of: model), let active = try table.activeState(ofModelRow: row),
                let value = try table.value(ofKey: key, sizeBytes: sizeBytes, keySet: active.keySet)
            {
                return value
            }
            return try table.newestValue(ofKey: key, sizeBytes: sizeBytes, model: model, depth: Self.baseSearchDepth)
        }
    }

    /// Values of any model under `key` with this length, newest first: candidates whose bytes a new value may resemble.
    public func values(ofKey key: String, sizeBytes: Int64, limit: Int) async throws -> [ValueID] {
        try await read { db in
            try StateTable(db: db).values(ofKey: key, sizeBytes: sizeBytes, depth: Self.baseSearchDepth, limit: limit)
        }
    }
}
