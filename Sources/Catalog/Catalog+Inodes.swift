import GRDB

extension Catalog {
    /// - Throws: `model_not_found`, `snapshot_not_found`, `snapshot_no_longer_exists`, `stale_inode`.
    public func inode(_ number: Int64, of owner: FilesOwner) async throws -> InodeRow {
        try await reading(owner) { table in try table.require(number) }
    }

    /// - Throws: also `not_a_directory`, `file_not_found`.
    public func inode(at place: DirectoryPlace, of owner: FilesOwner) async throws -> InodeRow {
        try await reading(owner) { table in try table.require(place).child }
    }

    /// - Throws: also `not_a_directory`.
    public func directory(_ number: Int64, of owner: FilesOwner) async throws -> [DirectoryEntryRow] {
        try await reading(owner) { table in try table.entries(of: table.requireDirectory(number).inode) }
    }

    /// A regular file, and what its tree holds: for writing to it.
    ///
    /// - Throws: `model_not_found`, `access_denied` (the model has no files of its own), `stale_inode`, `is_a_directory`,
    ///   `wrong_file_kind`.
    public func writableFile(_ number: Int64, ofModel id: String) async throws -> (file: InodeRow, room: FilesystemRoom) {
        try await read { db in
            guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            let table = InodeTable(db: db, filesystem: try FilesystemTable(db: db).own(of: model))
            let file = try table.require(number)
            try file.requireRegular()
            return (file, try table.room())
        }
    }

    /// Changes a model's files: the whole change or nothing. Snapshots and mounts keep the files that they have.
    ///
    /// - Returns: what was made, changed or linked.
    @discardableResult
    public func commit(_ change: InodeChange, ofModel id: String, nowNanoseconds: Int64) async throws -> InodeRow? {
        try await changing(id, nowNanoseconds) { tree in
            let row = try tree.apply(change)
            if case .copy = change { try FilesystemTable(db: tree.db).checkSpace(tree.filesystem, model: id) }
            return row
        }
    }

    /// Gives a file another content.
    ///
    /// - Throws: `conflict` when it is no longer the one that the new one was made of; `not_enough_space`.
    public func commitContent(_ commit: ContentCommit) async throws -> InodeRow? {
        try await changing(commit.modelID, commit.nowNanoseconds) { tree in
            let row = try tree.setContent(commit)
            try FilesystemTable(db: tree.db).checkSpace(tree.filesystem, model: commit.modelID)
            return row
        }
    }

    private func changing(
        _ id: String, _ nowNanoseconds: Int64, _ body: @escaping @Sendable (InodeTree) throws -> InodeRow?
    ) async throws -> InodeRow? {
        try await write { db in
            guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            return try body(
                InodeTree(
                    db: db, filesystem: try FilesystemTable(db: db).writable(for: model), nowNanoseconds: nowNanoseconds,
                    sequence: try StoreTable(db: db).nextSequence()))
        }
    }

    private func reading<T: Sendable>(
        _ owner: FilesOwner, _ body: @escaping @Sendable (InodeTable) throws -> T
    ) async throws -> T {
        try await read { db in
            guard let model = try ModelTable(db: db).model(owner.modelID) else { throw CatalogError.modelNotFound(owner.modelID) }
            guard let snapshotID = owner.snapshotID else {
                return try body(InodeTable(db: db, filesystem: try Self.codeFilesystem(of: model, db)))
            }
            guard let snapshot = try SnapshotTable(db: db).snapshot(snapshotID, model: owner.modelID) else {
                throw CatalogError.snapshotNotFound(snapshotID, model: owner.modelID)
            }
            return try body(InodeTable(db: db, filesystem: snapshot.filesystem))
        }
    }
}
