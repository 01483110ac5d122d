import Foundation
import GRDB

extension Catalog {
    /// Resolves a model, its mounts and datasets at one moment and pins them, in one transaction.
    ///
    /// - Throws: `model_not_found`, `snapshot_no_longer_exists`, the three codes of mounts, `dataset_not_found`,
    ///   `dataset_key_not_found`; nothing is pinned then.
    public func resolve(_ request: OperationRequest) async throws -> ResolvedOperationRows {
        try await write { db in
            guard let session = try SessionTable(db: db).row(of: request.session) else {
                throw CatalogError(.conflict, "session `\(request.session)` is not registered; open the store again")
            }
            let pins = PinTable(db: db)
            var held: [PinID] = []
            var model: ModelRow?
            var code: FilesystemID?
            if let id = request.modelID {
                guard let row = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
                let filesystem = try Self.codeFilesystem(of: row, db)
                held.append(try pins.insert(session: session, state: nil, keySet: nil, filesystem: filesystem))
                (model, code) = (row, try FilesystemTable(db: db).filesystemID(filesystem))
                if let creation = request.creation {
                    try CreationTable(db: db).insert(
                        stateID: creation.stateID, name: creation.name, startedAt: creation.startedAt, model: row.row,
                        session: session)
                }
            }
            let mounts = try request.mounts.map { mount in
                let (resolved, state, keySet, filesystem) = try Self.resolve(mount, db)
                held.append(try pins.insert(session: session, state: state, keySet: keySet, filesystem: filesystem))
                return resolved
            }
            let datasets = try request.datasets.map { try DatasetTable(db: db).resolve($0) }
            return ResolvedOperationRows(model: model, filesystem: code, mounts: mounts, datasets: datasets, pins: held)
        }
    }

    private static func resolve(
        _ mount: MountSelection, _ db: Database
    ) throws -> (ResolvedMount, state: Int64?, keySet: Int64, filesystem: Int64) {
        guard let model = try ModelTable(db: db).model(mount.modelID) else {
            throw CatalogError(
                .modelToMountNotFound, "there is no model `\(mount.modelID)` to mount", context: ["modelId": mount.modelID])
        }
        if case .snapshot(let id) = mount.choice {
            guard let snapshot = try SnapshotTable(db: db).snapshot(id, model: mount.modelID) else {
                throw CatalogError(
                    .snapshotForModelToMountNotFound, "model `\(mount.modelID)` has no snapshot `\(id)` to mount",
                    context: ["modelId": mount.modelID, "snapshotId": id])
            }
            let resolved = ResolvedMount(
                modelID: mount.modelID, stateID: nil, snapshotID: id, keys: snapshot.keys,
                filesystem: try FilesystemTable(db: db).filesystemID(snapshot.filesystem))
            return (resolved, nil, snapshot.keySet, snapshot.filesystem)
        }
        let id = if case .state(let id) = mount.choice { id } else { model.activeState }
        guard let state = try StateTable(db: db).state(id, model: mount.modelID), !state.isBeingDeleted else {
            throw CatalogError(
                .stateForModelToMountNotFound, "model `\(mount.modelID)` has no state `\(id)` to mount",
                context: ["modelId": mount.modelID, "stateId": id])
        }
        let filesystem = try codeFilesystem(of: model, db)
        let resolved = ResolvedMount(
            modelID: mount.modelID, stateID: state.publicID, snapshotID: nil, keys: state.keys,
            filesystem: try FilesystemTable(db: db).filesystemID(filesystem))
        return (resolved, state.row, state.keySet, filesystem)
    }

    /// Gives pins back and, if told, takes a creation off the list.
    public func release(_ pins: [PinID], endingCreation stateID: String? = nil) async throws {
        try await write(evenIfCancelled: true) { db in
            if let stateID { _ = try CreationTable(db: db).remove(stateID) }
            guard !pins.isEmpty else { return }
            let sequence = try StoreTable(db: db).nextSequence()
            for pin in pins { try PinTable(db: db).release(pin, sequence: sequence) }
        }
    }

    /// The states that are being created of a model, oldest first, by any process; nil when there is no such model.
    public func creations(ofModel id: String) async throws -> [CreationRow]? {
        try await read { db in
            try ModelTable(db: db).row(of: id).map { try CreationTable(db: db).creations(ofModelRow: $0) }
        }
    }

    /// Takes a creation off the list, so that its commit will be refused; false when there is none.
    public func cancelCreation(_ stateID: String) async throws -> Bool {
        try await write { db in try CreationTable(db: db).remove(stateID) }
    }

    /// Makes it certain which commits of processes that died are there: call it before removing what they would name.
    ///
    /// A commit whose log could not be synced stands in the log's file though nobody sees it, and comes back when SQLite
    /// reads the log anew. A transaction of our own is written over it.
    /// - Complexity: one small transaction, one fsync.
    public func buryUnfinishedCommits() async throws {
        try await write(countsAsChange: false) { db in _ = try StoreTable(db: db).nextSequence() }
    }

    /// Enters a session; one that is there already is left alone.
    public func registerSession(token: String, processID: Int64) async throws {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try await write(countsAsChange: false) { db in
            let table = SessionTable(db: db)
            if try table.row(of: token) == nil { try table.insert(token: token, processID: processID, openedAt: now) }
        }
    }

    /// Removes sessions with their pins and creations; unknown ones are no error.
    public func removeSessions(tokens: [String]) async throws {
        try await write(evenIfCancelled: true, countsAsChange: false) { db in
            let table = SessionTable(db: db)
            let rows = try tokens.compactMap { try table.row(of: $0) }
            guard !rows.isEmpty else { return }
            let sequence = try StoreTable(db: db).nextSequence()
            for row in rows { try table.remove(row: row, sequence: sequence) }
        }
    }

    public func sessionTokens() async throws -> [String] {
        try await read { db in try db.rows("SELECT token FROM sessions ORDER BY id").map { try $0[0] } }
    }
}
