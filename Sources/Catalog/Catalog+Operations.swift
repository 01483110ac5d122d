import Foundation
import GRDB

extension Catalog {
    /// Resolves a model, its mounts and datasets at one moment and pins them, in one transaction.
    ///
    /// - Throws: `model_not_found`, `snapshot_no_longer_exists`, the three codes of mounts, `dataset_not_found`,
    ///   `dataset_key_not_found`; of the state to load `state_not_found`, `snapshot_not_found`,
    ///   `model_to_mount_no_longer_exists`; nothing is pinned then.
    public func resolve(_ request: OperationRequest) async throws -> ResolvedOperationRows {
        try await write { db in
            guard let session = try SessionTable(db: db).row(of: request.session) else {
                throw CatalogError(.conflict, "session `\(request.session)` is not registered; open the store again")
            }
            let code = try request.modelID.map { try Self.resolveCode(of: $0, request, session: session, db) }
            var held = code.map { [$0.pin] } ?? []
            func pinned(_ mount: MountSelection) throws -> ResolvedMount {
                let (resolved, state, keySet, filesystem) = try Self.resolve(mount, db)
                held.append(try PinTable(db: db).insert(session: session, state: state, keySet: keySet, filesystem: filesystem))
                return resolved
            }
            var mounts = try request.mounts.map(pinned)
            if let loaded = code?.loaded {
                mounts += try request.recordedMounts(loaded.mountsJSON).map { mount in
                    try Self.existing(mount, of: loaded) { try pinned(mount) }
                }
            }
            let datasets = try request.datasets.map { try DatasetTable(db: db).resolve($0) }
            return ResolvedOperationRows(
                model: code?.model, sequence: try StoreTable(db: db).sequence(), filesystem: code?.filesystem,
                settingsJSON: code?.settingsJSON ?? "{}", loaded: code?.loaded, mounts: mounts, datasets: datasets, pins: held)
        }
    }

    private struct ResolvedCode {
        let model: ModelRow
        let filesystem: FilesystemID
        let settingsJSON: String
        let loaded: LoadedState?
        let pin: PinID
    }

    /// The model's files with the state that they load, pinned; enters the operation's rows.
    private static func resolveCode(
        of id: String, _ request: OperationRequest, session: Int64, _ db: Database
    ) throws -> ResolvedCode {
        guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
        var (filesystem, settingsJSON): (Int64?, String) = (nil, model.settingsJSON)
        var (loaded, stateRow, keySet): (LoadedState?, Int64?, Int64?)
        switch request.load {
        case nil: break
        case .state(let wanted):
            let stateID = wanted ?? model.activeState
            guard let state = try StateTable(db: db).state(stateID, model: id), !state.isBeingDeleted else {
                throw CatalogError.stateNotFound(stateID, model: id)
            }
            (stateRow, keySet) = (state.row, state.keySet)
            loaded = LoadedState(
                stateID: state.publicID, snapshotID: nil, keys: state.keys, lineageJSON: state.lineageJSON, mountsJSON: state.mountsJSON)
        case .snapshot(let snapshotID):
            guard let snapshot = try SnapshotTable(db: db).snapshot(snapshotID, model: id) else {
                throw CatalogError.snapshotNotFound(snapshotID, model: id)
            }
            (keySet, filesystem, settingsJSON) = (snapshot.keySet, snapshot.filesystem, snapshot.settingsJSON)
            loaded = LoadedState(
                stateID: nil, snapshotID: snapshotID, keys: snapshot.keys, lineageJSON: "[]", mountsJSON: snapshot.mountsJSON)
        }
        let code = try filesystem ?? codeFilesystem(of: model, db)
        let pin = try PinTable(db: db).insert(session: session, state: stateRow, keySet: keySet, filesystem: code)
        if let creation = request.creation {
            try CreationTable(db: db).insert(
                stateID: creation.stateID, name: creation.name, startedAt: creation.startedAt, model: model.row, session: session)
        }
        if let record = request.record {
            try OperationTable(db: db).insert(record, model: model.row, session: session, load: loaded, settingsJSON: settingsJSON)
        }
        return ResolvedCode(
            model: model, filesystem: try FilesystemTable(db: db).filesystemID(code), settingsJSON: settingsJSON, loaded: loaded, pin: pin)
    }

    /// Whatever keeps a mount that a state remembers from being resolved means that it is gone.
    private static func existing<T>(_ mount: MountSelection, of loaded: LoadedState, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as CatalogError where error.code != .corrupted {
            var context = error.context
            context["stateId"] = loaded.stateID
            throw CatalogError(
                .modelToMountNoLongerExists,
                "the state was made with model `\(mount.modelID)` mounted, and that can be mounted no more: \(error.message)", context: context)
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

    /// Gives pins back and, if told, takes a creation off the list and says how an operation has ended.
    public func release(_ pins: [PinID], endingCreation stateID: String? = nil, _ operation: OperationEnd? = nil) async throws {
        try await write(evenIfCancelled: true) { db in
            if let stateID { _ = try CreationTable(db: db).remove(stateID) }
            switch operation {
            case nil: break
            case .discarded(let id):
                if let row = try OperationTable(db: db).runningRow(of: id) { try OperationTable(db: db).remove(row: row) }
            case .ended(let ending): try OperationTable(db: db).end(ending)
            }
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

    /// Takes a creation off the list and asks for its end, so that its commit will be refused; false when there is none.
    public func cancelCreation(_ stateID: String) async throws -> Bool {
        try await write { db in
            let operations = OperationTable(db: db)
            if let row = try operations.runningRow(of: stateID) { try operations.requestCancel(row: row) }
            return try CreationTable(db: db).remove(stateID)
        }
    }

    /// Makes it certain which commits of processes that died are there: call it before removing what they would name.
    ///
    /// A commit whose log could not be synced stands in the log's file though nobody sees it, and comes back when SQLite
    /// reads the log anew. A transaction of our own is written over it.
    /// - Complexity: one small transaction, one fsync.
    public func buryUnfinishedCommits() async throws {
        try await write(change: nil) { db in _ = try StoreTable(db: db).nextSequence() }
    }

    /// Enters a session; one that is there already is left alone.
    public func registerSession(token: String, processID: Int64) async throws {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try await write(change: nil) { db in
            let table = SessionTable(db: db)
            if try table.row(of: token) == nil { try table.insert(token: token, processID: processID, openedAt: now) }
        }
    }

    /// Removes sessions with their pins and creations, and marks their running operations as failed; unknown ones are no error.
    public func removeSessions(tokens: [String]) async throws {
        try await write(evenIfCancelled: true, change: nil) { db in
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
