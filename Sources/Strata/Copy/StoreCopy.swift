import Catalog
import ContentStore

/// One copy of models from a store to another. Each state, snapshot and tree of files is a transaction of its own.
struct StoreCopy {
    let source: StateStore
    let destination: StateStore
    let progress: (@Sendable (CopyProgress) -> Void)?
    var report = CopyReport()
    private var items = 0

    init(from source: StateStore, to destination: StateStore, progress: (@Sendable (CopyProgress) -> Void)?) {
        (self.source, self.destination, self.progress) = (source, destination, progress)
    }

    /// Copies a model.
    ///
    /// - Parameter states: only these; nil copies all states, the snapshots, and makes files and settings those of the source.
    mutating func copy(_ id: ModelID, states: [StateID]?) async throws {
        guard let model = try await source.catalog.model(id: id.rawValue) else { throw StrataError.modelNotFound(id) }
        let existing = try await destination.catalog.model(id: id.rawValue)
        var isNew = existing == nil
        for state in try await wanted(states, of: id) {
            try await copyState(state, of: model, isNew: &isNew)
            step()
        }
        if isNew { try await makeModel(model, state: emptyState(of: model)) }
        if existing == nil { report.newModels.append(id) }
        if existing == nil || states == nil {
            try await copyFiles(of: model)
            try await activate(model, among: states)
        }
        guard states == nil else { return }
        if existing != nil { try await updateDescription(model) }
        for snapshot in try await source.catalog.snapshots(model: id.rawValue, offset: 0, limit: .max)?.rows ?? [] {
            try await copySnapshot(snapshot)
            step()
        }
    }

    private mutating func step() {
        items += 1
        progress?(CopyProgress(items: items, readBytes: report.readBytes))
    }

    // MARK: states

    /// Ids in the order of creation; those that are being deleted are left out.
    private func wanted(_ states: [StateID]?, of model: ModelID) async throws -> [String] {
        var all: [String] = []
        var last: Int64?
        while true {
            let rows = try await source.catalog.retentionRows(model: model.rawValue, before: last, limit: 1000)
            guard let end = rows.last else { break }
            last = end.row
            all += rows.filter { !$0.isBeingDeleted }.map(\.publicID)
        }
        all.reverse()
        guard let states else { return all }
        let known = Set(all)
        for state in states where !known.contains(state.rawValue) { throw StrataError.stateNotFound(state, of: model) }
        let asked = Set(states.map(\.rawValue))
        return all.filter { asked.contains($0) }
    }

    private mutating func copyState(_ id: String, of model: ModelRow, isNew: inout Bool) async throws {
        let owner = try await destination.catalog.modelID(ofState: id)
        if owner == model.publicID {
            report.presentStates += 1
            return
        }
        // Deleted since: what was asked for is no longer there to be copied.
        guard let state = try await source.catalog.state(id: id, model: model.publicID), !state.isBeingDeleted else { return }
        let newID = owner == nil ? id : StateID.random().rawValue
        if owner != nil { report.remarks.append("state `\(id)` has the id `\(newID)` in the destination, where another model has a state of its id") }
        let makesModel = isNew
        let (copy, destination) = (self, destination)
        do {
            try await ingesting { transfer in
                let commit = try await copy.plan(state, as: newID, of: model, transfer)
                return (commit, commit.packs)
            } commit: { commit in
                guard makesModel else { return try await destination.catalog.commitState(commit) }
                try await destination.catalog.importModel(Self.insertion(model), basedOn: model.basedOn, state: commit)
            }
        } catch let error as StrataError where error.code == .corrupted {
            report.failures.append(
                .init(modelID: ModelID(unchecked: model.publicID), stateID: StateID(unchecked: id), snapshotID: nil, message: error.message))
            return
        }
        isNew = false
        report.copiedStates += 1
    }

    private func plan(
        _ state: StateRow, as id: String, of model: ModelRow, _ transfer: ValueTransfer
    ) async throws -> StateCommit {
        let what = "state `\(state.publicID)` of model `\(model.publicID)`"
        try await take(state.keys, what, ["modelId": model.publicID, "stateId": state.publicID], base: state.baseState, transfer)
        let description = CommitDescription(
            modelID: model.publicID, modelName: model.name, stateID: id, name: state.name, createdAt: state.createdAt,
            keys: state.keys.map(\.key), storeID: destination.id, owner: model.owner, baseStateID: state.baseState,
            lineage: state.lineageJSON, mounts: state.mountsJSON, isActive: false)
        let (packs, values) = try await transfer.finish { [CommitRecord(metadata: description.encoded(), values: $0)] }
        return StateCommit(
            modelID: model.publicID, stateID: id, name: state.name, createdAt: state.createdAt, baseState: state.baseState,
            lineageJSON: state.lineageJSON, mountsJSON: state.mountsJSON, keys: Array(zip(state.keys.map(\.key), values)), packs: packs,
            makeActive: false, deleteStates: [], endsCreation: false)
    }

    /// Takes the values under some keys.
    func take(
        _ keys: [KeyRow], _ what: String, _ context: [String: String], base: String?, _ transfer: ValueTransfer
    ) async throws {
        let reader = StateReader(keys: keys, what: what, context: context, catalog: source.catalog, reader: source.reader)
        let bases = BaseSelector(
            catalog: destination.catalog, modelID: ModelID(unchecked: context["modelId"]!), named: base.map(StateID.init(unchecked:)), keySets: [])
        for key in keys {
            try await transfer.add(key.value) {
                try await bases.base(for: key.key, sizeBytes: key.sizeBytes)
            } read: { consume in
                try await reader.read(key.key, consume)
            }
        }
    }

    /// Runs one ingest into the destination; without its commit nothing of it remains.
    mutating func ingesting<Plan>(
        _ plan: (ValueTransfer) async throws -> (Plan, packs: [SealedPack]), commit: (Plan) async throws -> Void
    ) async throws {
        try Task.checkCancellation()
        let (source, destination) = (source, destination)
        _ = try destination.writing()
        let (transfer, packs) = try await destination.holdingHorizon { horizon in
            let session = try destination.ingestSession(horizon: horizon)
            let transfer = ValueTransfer(from: source, to: destination, session: session, horizon: horizon)
            let planned: (plan: Plan, packs: [SealedPack])
            do {
                planned = try await plan(transfer)
            } catch {
                await session.abandon()
                throw StateStore.inOurWords(error)
            }
            try await destination.commit(session) { try await commit(planned.plan) }
            return (transfer, planned.packs)
        }
        report.logicalBytes += transfer.logicalBytes
        report.readBytes += transfer.readBytes
        report.newPackBytes += packs.reduce(0) { $0 + $1.sizeBytes }
    }
}
