import ContentStore
import GRDB

/// What comes from another store keeps its ids and times.
extension Catalog {
    /// Makes a model of another store, with the state that is its active one for now.
    ///
    /// - Parameters:
    ///   - model: its origin tells the room for its files; they are empty.
    ///   - basedOn: the snapshot whose code it runs; it then has no files of its own.
    /// - Throws: `name_already_used`, `conflict` (the id is in use).
    public func importModel(_ model: ModelInsertion, basedOn: BasedOnRow?, state commit: StateCommit) async throws {
        try await write { db in
            var filesystem: Int64?
            if basedOn == nil, case .empty(let sizeMebibytes) = model.origin {
                filesystem = try FilesystemTable(db: db).create(sizeMebibytes: sizeMebibytes, nowNanoseconds: model.createdAt * 1_000_000)
            }
            let row = try ModelTable(db: db).insert(
                model, settingsJSON: model.settingsJSON ?? "{}", filesystem: filesystem,
                basedOn: basedOn.map { (model: $0.modelID, snapshot: $0.snapshotID) })
            let keySet = try Self.enter(commit, db)
            let state = try StateTable(db: db).insert(
                .init(
                    publicID: commit.stateID, model: row, name: commit.name, createdAt: commit.createdAt, keySet: keySet,
                    baseState: commit.baseState, lineageJSON: commit.lineageJSON, mountsJSON: commit.mountsJSON))
            try ModelTable(db: db).setActiveState(state, ofModelRow: row)
        }
    }

    /// Enters a snapshot of another store, with its files and values.
    public func importSnapshot(_ snapshot: SnapshotCommit) async throws {
        try await write { db in
            guard let model = try ModelTable(db: db).row(of: snapshot.modelID) else { throw CatalogError.modelNotFound(snapshot.modelID) }
            let fresh = try Self.enter(snapshot.packs, db)
            let values = ValueTable(db: db)
            let keySet = try KeySetTable(db: db).insert(
                try snapshot.keys.map { key, value in (key: key, value: try values.retain(value, fresh: fresh), sizeBytes: value.sizeBytes) })
            let nowNanoseconds = snapshot.createdAt * 1_000_000
            let filesystem = try FilesystemTable(db: db).create(
                sizeMebibytes: snapshot.filesystemSizeMebibytes, nowNanoseconds: nowNanoseconds)
            let tree = FileTree(
                db: db, filesystem: filesystem, nowNanoseconds: nowNanoseconds, sequence: try StoreTable(db: db).nextSequence())
            for change in snapshot.files { try tree.apply(change, fresh: fresh) }
            try SnapshotTable(db: db).insert(snapshot, model: model, filesystem: filesystem, keySet: keySet)
        }
    }

    /// The model that has the state with this id; nil when no model has.
    public func modelID(ofState id: String) async throws -> String? {
        try await read { db in
            try db.text("SELECT m.public_id FROM states s JOIN models m ON m.id = s.model_id WHERE s.public_id = ?", [id])
        }
    }
}
