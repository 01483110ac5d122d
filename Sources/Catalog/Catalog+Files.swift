import GRDB

extension Catalog {
    /// Changes a model's files: all changes or none. Snapshots and mounts keep the files that they have.
    public func commitFiles(_ commit: FilesCommit) async throws {
        try await write { db in
            guard let model = try ModelTable(db: db).model(commit.modelID) else { throw CatalogError.modelNotFound(commit.modelID) }
            let table = FilesystemTable(db: db)
            let filesystem = try table.writable(for: model)
            let sequence = try StoreTable(db: db).nextSequence()
            let fresh = try Self.enter(commit.packs, db)
            if commit.replacesAll { try table.empty(filesystem, sequence: sequence) }
            let tree = FileTree(
                db: db, filesystem: filesystem, nowNanoseconds: commit.nowNanoseconds, sequence: sequence)
            for change in commit.changes { try tree.apply(change, fresh: fresh) }
            try table.checkSpace(filesystem, model: commit.modelID)
        }
    }

    /// The files that a model's code is: its own, or those of the snapshot that it is based on.
    public func files(ofModel id: String) async throws -> [FileRow] {
        try await read { db in
            guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            return try FilesystemTable(db: db).tree(try Self.codeFilesystem(of: model, db))
        }
    }

    public func files(ofSnapshot id: String, model: String) async throws -> [FileRow] {
        try await read { db in
            guard let snapshot = try SnapshotTable(db: db).snapshot(id, model: model) else {
                throw CatalogError.snapshotNotFound(id, model: model)
            }
            return try FilesystemTable(db: db).tree(snapshot.filesystem)
        }
    }

    public func files(of filesystem: FilesystemID) async throws -> [FileRow] {
        try await read { db in try FilesystemTable(db: db).tree(filesystem.rawValue) }
    }

    /// How full the files of a model's code are: its own, or those of the snapshot that it is based on.
    ///
    /// - Complexity: an index entry and a row for each file.
    public func filesUsage(ofModel id: String, blockBytes: Int64) async throws -> (sizeMebibytes: Int64, blocks: Int64, inodes: Int64) {
        try await read { db in
            guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            return try FilesystemTable(db: db).usage(try Self.codeFilesystem(of: model, db), blockBytes: blockBytes)
        }
    }

    public func setFilesystemSize(ofModel id: String, mebibytes: Int) async throws {
        try await write { db in
            guard let model = try ModelTable(db: db).model(id) else { throw CatalogError.modelNotFound(id) }
            let table = FilesystemTable(db: db)
            let filesystem = try table.writable(for: model)
            try db.run("UPDATE filesystems SET size_mebibytes = ? WHERE id = ?", [mebibytes, filesystem])
            try table.checkSpace(filesystem, model: id)
        }
    }
}
