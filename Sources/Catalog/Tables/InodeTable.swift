import ContentStore
import Foundation
import GRDB

/// SQL of `inodes` and `directory_entries`: looks at one tree by numbers and names.
struct InodeTable {
    let db: Database
    let filesystem: Int64

    private static let columns = """
        i.inode, i.mode, i.link_count, i.size_bytes, i.value_id, i.symlink_target, i.accessed_at_ns, i.modified_at_ns, i.changed_at_ns
        """

    func inode(_ number: Int64) throws -> InodeRow? {
        try db.row("SELECT \(Self.columns) FROM inodes i WHERE i.filesystem_id = ? AND i.inode = ?", [filesystem, number]).map(inode)
    }

    /// The inode; 0 and 2 mean the root where there is none of that number.
    /// - Throws: `stale_inode`.
    func require(_ number: Int64) throws -> InodeRow {
        if let row = try inode(number) { return row }
        if number == 0 || number == 2, let root = try inode(FilesystemTable.rootInode) { return root }
        throw CatalogError(.staleInode, "there is no inode \(number) among these files (any more); look it up by its name again")
    }

    /// - Throws: `stale_inode`, `not_a_directory`.
    func requireDirectory(_ number: Int64) throws -> InodeRow {
        let row = try require(number)
        guard row.isDirectory else { throw CatalogError(.notADirectory, "inode \(number) is no directory") }
        return row
    }

    func child(_ name: [UInt8], of directory: Int64) throws -> InodeRow? {
        try db.row(
            """
            SELECT \(Self.columns) FROM directory_entries e
            JOIN inodes i ON i.filesystem_id = e.filesystem_id AND i.inode = e.inode
            WHERE e.filesystem_id = ? AND e.parent_inode = ? AND e.name = ?
            """, [filesystem, directory, Data(name)]
        ).map(inode)
    }

    /// - Throws: `stale_inode`, `not_a_directory`, `file_not_found`.
    func require(_ place: DirectoryPlace) throws -> (parent: InodeRow, child: InodeRow) {
        let parent = try requireDirectory(place.parent)
        guard let child = try child(place.name, of: parent.inode) else {
            throw CatalogError(
                .fileNotFound, "the directory with inode \(parent.inode) has no entry `\(String(decoding: place.name, as: UTF8.self))`")
        }
        return (parent, child)
    }

    /// In the order of the names' bytes.
    func entries(of directory: Int64) throws -> [DirectoryEntryRow] {
        try db.rows(
            """
            SELECT e.name, e.inode, i.mode FROM directory_entries e
            JOIN inodes i ON i.filesystem_id = e.filesystem_id AND i.inode = e.inode
            WHERE e.filesystem_id = ? AND e.parent_inode = ? ORDER BY e.name
            """, [filesystem, directory]
        ).map { row in
            try DirectoryEntryRow(
                name: Array(row[0] as Data), inode: row[1], mode: UInt32(truncatingIfNeeded: row[2] as Int64))
        }
    }

    func isEmpty(_ directory: Int64) throws -> Bool {
        try !db.exists(
            "SELECT 1 FROM directory_entries WHERE filesystem_id = ? AND parent_inode = ? LIMIT 1", [filesystem, directory])
    }

    /// What the tree holds; reads a row for each inode.
    func room() throws -> FilesystemRoom {
        guard let size = try db.row("SELECT size_mebibytes FROM filesystems WHERE id = ?", [filesystem]) else {
            throw CatalogError(.corrupted, "the file system number \(filesystem) is missing in the catalog; run `strata repair`")
        }
        let held = try db.row("SELECT coalesce(sum(size_bytes), 0), count(*) FROM inodes WHERE filesystem_id = ?", [filesystem])
        let mebibytes: Int64 = try size.amount(0)
        return FilesystemRoom(
            sizeBytes: min(mebibytes, 1 << 40) << 20, usedBytes: try held?.amount(0) ?? 0, inodeCount: try held?.amount(1) ?? 0)
    }

    private func inode(_ row: CheckedRow) throws -> InodeRow {
        try InodeRow(
            inode: row[0], mode: UInt32(truncatingIfNeeded: row[1] as Int64), linkCount: row.amount(2), sizeBytes: row.amount(3),
            value: (row[4] as Int64?).map(ValueID.init), symlinkTarget: (row[5] as Data?).map(Array.init),
            accessedAtNanoseconds: row[6], modifiedAtNanoseconds: row[7], changedAtNanoseconds: row[8])
    }
}
