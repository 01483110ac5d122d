import Catalog
import ContentStore
import Foundation

extension StateStore {
    /// Writes a new state: all its keys or nothing.
    ///
    /// The state is stored, not active, unless the options say so. When `write` throws, nothing of it remains.
    ///
    /// - Parameter write: gives the keys to the writer, one after another; what it throws passes through unchanged.
    /// - Throws: `StrataError`: `model_not_found`, `invalid_parameter` (name), `state_not_found` and `state_is_active` (of
    ///   `deleteStates`), `no_space`, `io`, `cancelled`.
    /// - Complexity: one pass over the bytes on all cores; a fdatasync for each pack of at most 1 GiB and one transaction.
    @discardableResult
    public func commitState(
        of model: ModelID, named name: String, options: StateOptions = StateOptions(),
        _ write: (StateWriter) async throws -> Void
    ) async throws -> State {
        try Names.check(name, "name")
        return try await holdingHorizon { horizon in
            guard let row = try await catalog.model(id: model.rawValue) else { throw StrataError.modelNotFound(model) }
            return try await commitState(of: row, named: name, options: options, horizon: horizon, write)
        }
    }

    /// The same while a horizon is held.
    ///
    /// - Parameter horizon: a sequence that was read after it was told.
    func commitState(
        of model: ModelRow, named name: String, options: StateOptions, horizon: Int64, _ write: (StateWriter) async throws -> Void
    ) async throws -> State {
        let session = try ingestSession(horizon: horizon)
        let plan: StateCommit
        do {
            let bases = BaseSelector(
                catalog: catalog, modelID: ModelID(unchecked: model.publicID), named: options.base, keySets: options.baseKeySets)
            let writer = StateWriter(session: session, bases: bases)
            try await write(writer)
            plan = try await self.plan(writer, session, model: model, name: name, options: options)
        } catch {
            await session.abandon()
            throw Self.inOurWords(error)
        }
        try await commit(session) { try await catalog.commitState(plan) }
        return State(plan)
    }

    /// Ends a session with the transaction that makes its packs part of the store.
    ///
    /// From here on nothing may remove the packs unless the catalog refused: after an error of the disk nobody knows
    /// whether the transaction will be found committed.
    func commit(_ session: IngestSession, _ transaction: () async throws -> Void) async throws {
        do {
            try await transaction()
        } catch {
            let isRefusal = (error as? CatalogError).map { ![.io, .noSpace, .corrupted, .locked].contains($0.code) } ?? true
            if isRefusal { await session.abandon() }
            throw Self.inOurWords(error)
        }
        await session.committed()
    }

    static func inOurWords(_ error: any Error) -> any Error {
        error is ContentError || error is CatalogError ? StrataError.wrapping(error) : error
    }

    private func plan(
        _ writer: StateWriter, _ session: IngestSession, model: ModelRow, name: String, options: StateOptions
    ) async throws -> StateCommit {
        let (keys, finished) = try writer.close()
        let createdAt = Clock.milliseconds()
        let description = CommitDescription(
            modelID: model.publicID, modelName: model.name, stateID: options.stateID.rawValue, name: name,
            createdAt: createdAt, keys: keys, storeID: id, owner: model.owner, baseStateID: options.base?.rawValue,
            lineage: JSON.encode(options.trainingOperations), mounts: JSON.encode(options.mounts), isActive: options.makeActive)
        let (packs, values) = try await session.finish(values: finished) { values in
            [CommitRecord(metadata: description.encoded(), values: values)]
        }
        return StateCommit(
            modelID: model.publicID, stateID: options.stateID.rawValue, name: name, createdAt: createdAt,
            baseState: options.base?.rawValue, lineageJSON: JSON.encode(options.trainingOperations),
            mountsJSON: JSON.encode(options.mounts), keys: Array(zip(keys, values)), packs: packs,
            makeActive: options.makeActive, deleteStates: options.deleteStates.map(\.rawValue),
            mayReplaceActive: options.makeActive && options.mayReplaceActive,
            endsCreation: options.isCreation, operationID: options.operationID?.rawValue)
    }

    /// A state's description, without its bytes.
    public func state(_ id: StateID, of model: ModelID) async throws(StrataError) -> State {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.state(id: id.rawValue, model: model.rawValue) else {
                throw try await missing(id, of: model)
            }
            return State(row)
        }
    }

    /// A model's states in the order of their creation, a page at a time.
    public func states(of model: ModelID, offset: Int = 0, limit: Int = 100) async throws(StrataError) -> Page<State> {
        try await translating {
            try checkOpen()
            try Page<State>.check(offset: offset, limit: limit)
            guard let page = try await catalog.states(model: model.rawValue, offset: offset, limit: limit) else {
                throw StrataError.modelNotFound(model)
            }
            return Page(items: page.rows.map(State.init), total: page.total, offset: offset, limit: limit)
        }
    }

    /// Gives a state another name. Names need not be unique.
    public func renameState(_ id: StateID, of model: ModelID, to name: String) async throws(StrataError) {
        try await translating {
            try Names.check(name, "name")
            _ = try writing()
            try await catalog.renameState(id: id.rawValue, model: model.rawValue, to: name)
        }
    }

    /// Makes a state the active one.
    public func activateState(_ id: StateID, of model: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            try await catalog.activateState(id: id.rawValue, model: model.rawValue)
        }
    }

    /// Deletes a state. One that a mount still uses is marked and goes with the last mount.
    ///
    /// Only metadata changes; the bytes are collected later, if nothing else shares them.
    /// - Throws: `state_is_active`, `state_not_found`, `model_not_found`.
    public func deleteState(_ id: StateID, of model: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            try await catalog.deleteState(id: id.rawValue, model: model.rawValue)
        }
    }

    /// Reads a state within a closure that keeps it from vanishing.
    ///
    /// - Parameter id: nil reads the active state.
    public func withState<T>(
        _ id: StateID? = nil, of model: ModelID, _ body: (StateReader) async throws -> T
    ) async throws -> T {
        try await holding {
            let content: StateContent?
            do {
                content = try await catalog.stateContent(id: id?.rawValue, model: model.rawValue)
            } catch {
                throw StrataError.wrapping(error)
            }
            guard let content else {
                if let id { throw try await missing(id, of: model) }
                throw StrataError.modelNotFound(model)
            }
            return try await body(
                StateReader(
                    keys: content.keys, what: "state `\(content.publicID)` of model `\(model)`",
                    context: ["modelId": model.rawValue, "stateId": content.publicID], catalog: catalog, reader: reader))
        }
    }

    /// Reads one key's whole value.
    public func bytes(of key: String, in state: StateID? = nil, of model: ModelID) async throws(StrataError) -> [UInt8] {
        try await translating { try await withState(state, of: model) { try await $0.bytes(of: key) } }
    }

    /// Which of model and state is missing.
    func missing(_ id: StateID, of model: ModelID) async throws -> StrataError {
        try await catalog.model(id: model.rawValue) == nil ? .modelNotFound(model) : .stateNotFound(id, of: model)
    }
}

extension State {
    init(_ row: StateRow) {
        self.init(
            id: StateID(unchecked: row.publicID), modelID: ModelID(unchecked: row.modelID), name: row.name,
            createdAtMilliseconds: row.createdAt,
            keys: row.keys.map { StateKey(key: $0.key, sizeBytes: $0.sizeBytes) }, isActive: row.isActive,
            baseStateID: row.baseState.map(StateID.init(unchecked:)), trainingOperations: JSON.decode(row.lineageJSON) ?? [],
            mounts: JSON.decode(row.mountsJSON) ?? [], isBeingDeleted: row.isBeingDeleted)
    }
}

extension State {
    /// The state that a commit has just made.
    init(_ commit: StateCommit) {
        self.init(
            id: StateID(unchecked: commit.stateID), modelID: ModelID(unchecked: commit.modelID), name: commit.name,
            createdAtMilliseconds: commit.createdAt,
            keys: commit.keys.map { StateKey(key: $0.key, sizeBytes: $0.value.sizeBytes) }, isActive: commit.makeActive,
            baseStateID: commit.baseState.map(StateID.init(unchecked:)),
            trainingOperations: JSON.decode(commit.lineageJSON) ?? [], mounts: JSON.decode(commit.mountsJSON) ?? [],
            isBeingDeleted: false)
    }
}
