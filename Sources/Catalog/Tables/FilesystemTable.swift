import Foundation
import GRDB

/// SQL of `filesystems`, and of whole trees in `inodes` and `directory_entries`. Single files are `FileTree`'s.
struct FilesystemTable {
    let db: Database

    static let rootInode: Int64 = 1
    /// Number 2 stays unused: clients that were not told take it for the root's.
    static let firstFreeInode: Int64 = 3

    /// An empty tree: the root directory alone.
    func create(sizeMebibytes: Int, nowNanoseconds: Int64) throws -> Int64 {
        let id = try db.insert(
            "INSERT INTO filesystems (size_mebibytes, next_inode, version) VALUES (?, ?, 1)",
            [sizeMebibytes, Self.firstFreeInode])
        try db.run(
            """
            INSERT INTO inodes (filesystem_id, inode, mode, link_count, size_bytes, accessed_at_ns, modified_at_ns, changed_at_ns)
            VALUES (?, ?, ?, 1, 0, ?, ?, ?)
            """,
            [id, Self.rootInode, FileMode.directory | 0o755, nowNanoseconds, nowNanoseconds, nowNanoseconds])
        return id
    }

    func filesystemID(_ id: Int64) throws -> FilesystemID {
        FilesystemID(
            rawValue: id, version: try db.number("SELECT version FROM filesystems WHERE id = ?", [id]) ?? 0)
    }

    /// - Throws: `access_denied` for a model that has none.
    func own(of model: ModelRow) throws -> Int64 {
        if let own = try ModelTable(db: db).filesystem(ofModelRow: model.row) { return own }
        throw CatalogError(
            .accessDenied,
            "model `\(model.publicID)` has no files of its own: it runs a snapshot's; copy the model to change its code",
            context: ["modelId": model.publicID])
    }

    /// The tree that a change of the model's files may write to: its own, copied first when somebody shares it.
    func writable(for model: ModelRow) throws -> Int64 {
        let current = try own(of: model)
        let users = try db.number(
            """
            SELECT (SELECT count(*) FROM models WHERE filesystem_id = ?) + (SELECT count(*) FROM snapshots WHERE filesystem_id = ?)
                + (SELECT count(*) FROM pins WHERE filesystem_id = ?)
            """, [current, current, current])
        guard users ?? 0 > 1 else {
            try db.run("UPDATE filesystems SET version = version + 1 WHERE id = ?", [current])
            return current
        }
        let copy = try copy(current)
        try ModelTable(db: db).setFilesystem(copy, ofModelRow: model.row)
        return copy
    }

    /// A second tree with the same inode numbers and shared contents.
    private func copy(_ id: Int64) throws -> Int64 {
        let copy = try db.insert(
            """
            INSERT INTO filesystems (size_mebibytes, next_inode, version)
            SELECT size_mebibytes, next_inode, 1 FROM filesystems WHERE id = ?
            """, [id])
        try db.run(
            """
            INSERT INTO inodes (filesystem_id, inode, mode, link_count, size_bytes, value_id, symlink_target, accessed_at_ns,
                modified_at_ns, changed_at_ns)
            SELECT ?, inode, mode, link_count, size_bytes, value_id, symlink_target, accessed_at_ns, modified_at_ns, changed_at_ns
            FROM inodes WHERE filesystem_id = ?
            """, [copy, id])
        try db.run(
            """
            INSERT INTO directory_entries (filesystem_id, parent_inode, name, inode)
            SELECT ?, parent_inode, name, inode FROM directory_entries WHERE filesystem_id = ?
            """, [copy, id])
        let values = ValueTable(db: db)
        for row in try db.rows("SELECT value_id FROM inodes WHERE filesystem_id = ? AND value_id IS NOT NULL", [copy]) {
            try values.retain(ValueID(row[0]))
        }
        return copy
    }

    /// Removes a tree that no model, snapshot or pin names any more.
    func releaseIfUnused(_ id: Int64, sequence: Int64) throws {
        for table in ["models", "snapshots", "pins"]
        where try db.exists("SELECT 1 FROM \(table) WHERE filesystem_id = ? LIMIT 1", [id]) {
            return
        }
        try empty(id, sequence: sequence)
        try db.run("DELETE FROM inodes WHERE filesystem_id = ?", [id])
        try db.run("DELETE FROM filesystems WHERE id = ?", [id])
    }

    /// Removes everything but the root directory.
    func empty(_ id: Int64, sequence: Int64) throws {
        let values = ValueTable(db: db)
        for row in try db.rows("SELECT value_id FROM inodes WHERE filesystem_id = ? AND value_id IS NOT NULL", [id]) {
            try values.release(ValueID(row[0]), sequence: sequence)
        }
        try db.run("DELETE FROM directory_entries WHERE filesystem_id = ?", [id])
        try db.run("DELETE FROM inodes WHERE filesystem_id = ? AND inode <> ?", [id, Self.rootInode])
    }

    /// - Throws: `not_enough_space` when the files pass the tree's size.
    func checkSpace(_ id: Int64, model: String) throws {
        let used = try db.number("SELECT coalesce(sum(size_bytes), 0) FROM inodes WHERE filesystem_id = ?", [id]) ?? 0
        let size = try db.number("SELECT size_mebibytes FROM filesystems WHERE id = ?", [id]) ?? 0
        guard used <= size << 20 else {
            throw CatalogError(
                .notEnoughSpace,
                "the files of model `\(model)` would take \(used) bytes, its file system has \(size) MiB; enlarge it or store fewer files",
                context: ["modelId": model])
        }
    }

    /// The tree's room in MiB, the blocks of `blockBytes` that its files take, and its number of inodes.
    func usage(_ id: Int64, blockBytes: Int64) throws -> (sizeMebibytes: Int64, blocks: Int64, inodes: Int64) {
        guard let row = try db.row(
            """
            SELECT f.size_mebibytes, (SELECT coalesce(sum((size_bytes + ? - 1) / ?), 0) FROM inodes WHERE filesystem_id = f.id),
                (SELECT count(*) FROM inodes WHERE filesystem_id = f.id)
            FROM filesystems f WHERE f.id = ?
            """, [blockBytes, blockBytes, id])
        else { throw CatalogError(.corrupted, "the files number \(id) are not in the catalog; run `strata repair`") }
        return try (row.amount(0), row.amount(1), row.amount(2))
    }

    /// Everything below the root, parents before their children, names in the order of their bytes.
    func tree(_ id: Int64) throws -> [FileRow] {
        var children: [Int64: [(name: [UInt8], inode: Int64)]] = [:]
        for row in try db.rows(
            "SELECT parent_inode, name, inode FROM directory_entries WHERE filesystem_id = ? ORDER BY parent_inode, name", [id])
        {
            children[try row[0], default: []].append((Array(try row[1] as Data), try row[2]))
        }
        var inodes: [Int64: CheckedRow] = [:]
        for row in try db.rows(
            """
            SELECT inode, mode, size_bytes, value_id, symlink_target, modified_at_ns FROM inodes WHERE filesystem_id = ?
            """, [id])
        {
            inodes[try row[0]] = row
        }
        var files: [FileRow] = []
        var open = (children[Self.rootInode] ?? []).reversed().map { (path: $0.name, inode: $0.inode) }
        var listed: Set<Int64> = []
        while let (path, inode) = open.popLast() {
            guard let row = inodes[inode] else {
                throw CatalogError(.corrupted, "the file `\(String(decoding: path, as: UTF8.self))` has no inode in the catalog")
            }
            files.append(
                try FileRow(
                    path: path, inode: inode, mode: UInt32(truncatingIfNeeded: row[1] as Int64), sizeBytes: row.amount(2),
                    value: (row[3] as Int64?).map(ValueID.init), symlinkTarget: (row[4] as Data?).map(Array.init),
                    modifiedAtNanoseconds: row[5]))
            guard let names = children[inode] else { continue }
            guard inode != Self.rootInode, listed.insert(inode).inserted else {
                throw CatalogError(
                    .corrupted, "the directory `\(String(decoding: path, as: UTF8.self))` has a second place in the catalog; run `strata repair`")
            }
            for child in names.reversed() { open.append((path + [UInt8(ascii: "/")] + child.name, child.inode)) }
        }
        return files
    }
}

/// The type bits of `st_mode`.
enum FileMode {
    static let typeMask: UInt32 = 0o170000
    static let directory: UInt32 = 0o040000
    static let regular: UInt32 = 0o100000
    static let symlink: UInt32 = 0o120000
}
