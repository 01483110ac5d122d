import GRDB

extension Catalog {
    /// The name of a new model's first state.
    public static let initialStateName = "initial"

    /// Makes a model with its active first state.
    ///
    /// - Throws: `name_already_used`; `model_not_found`, `snapshot_not_found` and `snapshot_no_longer_exists` of the origin.
    public func createModel(_ model: ModelInsertion) async throws {
        try await write { db in
            let source = try Self.source(of: model, db)
            let table = ModelTable(db: db)
            let row = try table.insert(
                model, settingsJSON: model.settingsJSON ?? source.settingsJSON, filesystem: source.filesystem,
                basedOn: source.basedOn)
            let state = try StateTable(db: db).insert(
                .init(
                    publicID: model.initialStateID, model: row, name: source.stateName, createdAt: model.createdAt,
                    keySet: source.keySet, baseState: source.baseState, lineageJSON: source.lineageJSON,
                    mountsJSON: source.mountsJSON))
            try table.setActiveState(state, ofModelRow: row)
        }
    }

    private struct ModelSource {
        var settingsJSON = "{}"
        var filesystem: Int64?
        var basedOn: (model: String, snapshot: String)?
        var stateName: String
        var keySet: Int64
        var baseState: String?
        var lineageJSON = "[]"
        var mountsJSON = "[]"
    }

    private static func source(of model: ModelInsertion, _ db: Database) throws -> ModelSource {
        switch model.origin {
        case .empty(let sizeMebibytes):
            let filesystem = try FilesystemTable(db: db).create(sizeMebibytes: sizeMebibytes, nowNanoseconds: model.createdAt * 1_000_000)
            return ModelSource(filesystem: filesystem, stateName: initialStateName, keySet: try KeySetTable(db: db).insert([]))
        case .basedOnSnapshot(let id, let snapshotID):
            let snapshot = try snapshot(snapshotID, of: id, db)
            return ModelSource(
                settingsJSON: snapshot.settingsJSON, basedOn: (id, snapshotID), stateName: snapshot.stateName,
                keySet: snapshot.keySet, mountsJSON: snapshot.mountsJSON)
        case .copy(let id, .some(let snapshotID)):
            let snapshot = try snapshot(snapshotID, of: id, db)
            return ModelSource(
                settingsJSON: snapshot.settingsJSON, filesystem: snapshot.filesystem, stateName: snapshot.stateName,
                keySet: snapshot.keySet, mountsJSON: snapshot.mountsJSON)
        case .copy(let id, nil):
            guard let original = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            guard let state = try StateTable(db: db).activeState(ofModelRow: original.row) else {
                throw CatalogError.stateNotFound(original.activeState, model: id)
            }
            return ModelSource(
                settingsJSON: original.settingsJSON, filesystem: try codeFilesystem(of: original, db),
                stateName: state.name, keySet: state.keySet, baseState: state.publicID, lineageJSON: state.lineageJSON,
                mountsJSON: state.mountsJSON)
        }
    }

    private static func snapshot(_ id: String, of model: String, _ db: Database) throws -> SnapshotRow {
        guard try ModelTable(db: db).row(of: model) != nil else { throw CatalogError.modelNotFound(model) }
        guard let snapshot = try SnapshotTable(db: db).snapshot(id, model: model) else {
            throw CatalogError.snapshotNotFound(id, model: model)
        }
        return snapshot
    }

    /// The files that a model's code is: its own, or those of the snapshot that it is based on.
    static func codeFilesystem(of model: ModelRow, _ db: Database) throws -> Int64 {
        if let own = try ModelTable(db: db).filesystem(ofModelRow: model.row) { return own }
        guard let basedOn = model.basedOn,
            let snapshot = try SnapshotTable(db: db).snapshot(basedOn.snapshotID, model: basedOn.modelID)
        else {
            throw CatalogError(
                .snapshotNoLongerExists,
                "model `\(model.publicID)` runs the code of snapshot `\(model.basedOn?.snapshotID ?? "?")`, which was deleted",
                context: ["modelId": model.publicID, "snapshotId": model.basedOn?.snapshotID ?? ""])
        }
        return snapshot.filesystem
    }

    /// - Parameter counting: also counts the model's states and snapshots; the cost grows with their number.
    public func model(id: String, counting: Bool = false) async throws -> ModelRow? {
        try await read { db in try ModelTable(db: db).model(id, counting: counting) }
    }

    public func models(_ query: ListQuery) async throws -> RowPage<ModelRow> {
        try await read { db in try ModelTable(db: db).models(query) }
    }

    public func updateModel(id: String, _ change: DescriptionChange) async throws {
        try await write { db in
            let table = ModelTable(db: db)
            guard let model = try table.model(id) else { throw CatalogError.modelNotFound(id) }
            try table.change(model, change)
        }
    }

    public func deleteModel(id: String) async throws {
        try await write { db in
            let table = ModelTable(db: db)
            guard let model = try table.model(id) else { throw CatalogError.modelNotFound(id) }
            try table.delete(model, sequence: try StoreTable(db: db).nextSequence())
        }
    }

    /// Freezes a model's files, settings and active state.
    public func createSnapshot(id: String, name: String, createdAt: Int64, of model: String) async throws {
        try await write { db in
            guard let row = try ModelTable(db: db).model(model) else { throw CatalogError.modelNotFound(model) }
            guard let state = try StateTable(db: db).activeState(ofModelRow: row.row) else {
                throw CatalogError.stateNotFound(row.activeState, model: model)
            }
            try SnapshotTable(db: db).insert(
                id: id, name: name, createdAt: createdAt, of: row, filesystem: try Self.codeFilesystem(of: row, db),
                state: state)
        }
    }

    public func snapshot(id: String, model: String) async throws -> SnapshotRow? {
        try await read { db in try SnapshotTable(db: db).snapshot(id, model: model) }
    }

    /// A model's snapshots in the order of creation; nil when there is no such model.
    public func snapshots(model: String, offset: Int, limit: Int) async throws -> RowPage<SnapshotRow>? {
        try await read { db in
            guard let row = try ModelTable(db: db).row(of: model) else { return nil }
            let table = SnapshotTable(db: db)
            return RowPage(
                rows: try table.snapshots(ofModelRow: row, offset: offset, limit: limit),
                total: try table.count(ofModelRow: row))
        }
    }

    public func renameSnapshot(id: String, model: String, to name: String) async throws {
        try await write { db in
            let snapshot = try Self.snapshot(id, of: model, db)
            try SnapshotTable(db: db).rename(row: snapshot.row, to: name)
        }
    }

    public func deleteSnapshot(id: String, model: String) async throws {
        try await write { db in
            let snapshot = try Self.snapshot(id, of: model, db)
            try SnapshotTable(db: db).delete(snapshot, sequence: try StoreTable(db: db).nextSequence())
        }
    }
}
