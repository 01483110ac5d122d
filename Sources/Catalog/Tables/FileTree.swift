import ContentStore
import Foundation
import GRDB

/// Changes single files of one tree, by path.
struct FileTree {
    let db: Database
    let filesystem: Int64
    let nowNanoseconds: Int64
    let sequence: Int64

    private struct Node {
        let inode: Int64
        let mode: UInt32
        let value: ValueID?

        var isDirectory: Bool { mode & FileMode.typeMask == FileMode.directory }
    }

    func apply(_ change: FileChange, fresh: [Digest: ChunkID]) throws {
        switch change {
        case .directory(let path, let permissions): try makeDirectory(path, permissions)
        case .file(let path, let permissions, let content): try put(path, permissions, content, fresh)
        case .symlink(let path, let target): try link(path, to: target)
        case .remove(let path, let recursively): try remove(path, recursively: recursively)
        case .rename(let from, let to): try rename(from, to)
        }
    }

    private func makeDirectory(_ path: [[UInt8]], _ permissions: UInt32) throws {
        guard let parent = try parentOfNew(path) else { return }
        if let existing = try child(path.last!, of: parent) {
            guard existing.isDirectory else { throw error(.fileAlreadyExists, path, "is there and no directory") }
            return
        }
        _ = try insert(path.last!, in: parent, mode: FileMode.directory | permissions & 0o7777)
    }

    private func put(_ path: [[UInt8]], _ permissions: UInt32, _ content: IngestedValue, _ fresh: [Digest: ChunkID]) throws {
        guard let parent = try parentOfNew(path) else { throw error(.isADirectory, path, "is the root directory") }
        let value = content.sizeBytes == 0 ? nil : try ValueTable(db: db).retain(content, fresh: fresh)
        let mode = FileMode.regular | permissions & 0o7777
        if let existing = try child(path.last!, of: parent) {
            guard !existing.isDirectory else { throw error(.isADirectory, path, "is a directory") }
            try removeNode(existing, named: path.last!, from: parent)
        }
        let inode = try insert(path.last!, in: parent, mode: mode)
        try db.run(
            "UPDATE inodes SET size_bytes = ?, value_id = ? WHERE filesystem_id = ? AND inode = ?",
            [content.sizeBytes, value?.rawValue, filesystem, inode])
    }

    private func link(_ path: [[UInt8]], to target: [UInt8]) throws {
        guard let parent = try parentOfNew(path) else { throw error(.fileAlreadyExists, path, "is the root directory") }
        if let existing = try child(path.last!, of: parent) {
            guard !existing.isDirectory else { throw error(.isADirectory, path, "is a directory") }
            try removeNode(existing, named: path.last!, from: parent)
        }
        let inode = try insert(path.last!, in: parent, mode: FileMode.symlink | 0o777)
        try db.run(
            "UPDATE inodes SET symlink_target = ? WHERE filesystem_id = ? AND inode = ?", [Data(target), filesystem, inode])
    }

    private func remove(_ path: [[UInt8]], recursively: Bool) throws {
        guard let name = path.last else { throw error(.isADirectory, path, "is the root directory, which stays") }
        guard let parent = try node(at: path.dropLast()), let target = try child(name, of: parent.inode) else {
            throw error(.fileNotFound, path, "does not exist")
        }
        guard try recursively || !target.isDirectory || names(in: target.inode).isEmpty else {
            throw error(.directoryNotEmpty, path, "is a directory that is not empty")
        }
        for entry in try entries(below: target, named: name, in: parent.inode).reversed() {
            try removeNode(entry.node, named: entry.name, from: entry.parent)
        }
    }

    /// A name with all that stands below it, from above.
    private func entries(below top: Node, named name: [UInt8], in parent: Int64) throws -> [(parent: Int64, name: [UInt8], node: Node)] {
        var found = [(parent: parent, name: name, node: top)]
        var directories: Set<Int64> = [FilesystemTable.rootInode]
        var next = 0
        while next < found.count {
            let node = found[next].node
            next += 1
            guard node.isDirectory else { continue }
            guard directories.insert(node.inode).inserted else {
                throw CatalogError(.corrupted, "a directory of a model has a second place in the catalog; run `strata repair`")
            }
            for name in try names(in: node.inode) {
                if let child = try child(name, of: node.inode) { found.append((node.inode, name, child)) }
            }
        }
        return found
    }

    private func rename(_ from: [[UInt8]], _ to: [[UInt8]]) throws {
        guard let name = from.last, let parent = try node(at: from.dropLast()), let source = try child(name, of: parent.inode)
        else { throw error(.fileNotFound, from, "does not exist") }
        guard from != to else { return }
        guard !to.starts(with: from) else { throw error(.conflict, to, "lies inside of what is to be moved there") }
        guard let newParent = try parentOfNew(to) else { throw error(.fileAlreadyExists, to, "is the root directory") }
        if let target = try child(to.last!, of: newParent) {
            guard target.inode != source.inode else { return }
            guard target.isDirectory == source.isDirectory else {
                throw error(target.isDirectory ? .isADirectory : .notADirectory, to, "is of another kind than what is to replace it")
            }
            guard try !target.isDirectory || names(in: target.inode).isEmpty else {
                throw error(.directoryNotEmpty, to, "is a directory that is not empty")
            }
            try removeNode(target, named: to.last!, from: newParent)
        }
        try db.run(
            "UPDATE directory_entries SET parent_inode = ?, name = ? WHERE filesystem_id = ? AND parent_inode = ? AND name = ?",
            [newParent, Data(to.last!), filesystem, parent.inode, Data(name)])
    }

    /// The directory that will hold a new entry, made with its parents where missing; nil for the root itself.
    private func parentOfNew(_ path: [[UInt8]]) throws -> Int64? {
        guard !path.isEmpty else { return nil }
        var current = FilesystemTable.rootInode
        for (depth, name) in path.dropLast().enumerated() {
            if let next = try child(name, of: current) {
                guard next.isDirectory else { throw error(.notADirectory, Array(path[...depth]), "is no directory") }
                current = next.inode
            } else {
                current = try insert(name, in: current, mode: FileMode.directory | 0o755)
            }
        }
        return current
    }

    private func node(at path: ArraySlice<[UInt8]>) throws -> Node? {
        var current = Node(inode: FilesystemTable.rootInode, mode: FileMode.directory, value: nil)
        for name in path {
            guard current.isDirectory, let next = try child(name, of: current.inode) else { return nil }
            current = next
        }
        return current
    }

    private func child(_ name: [UInt8], of parent: Int64) throws -> Node? {
        try db.row(
            """
            SELECT i.inode, i.mode, i.value_id FROM directory_entries e
            JOIN inodes i ON i.filesystem_id = e.filesystem_id AND i.inode = e.inode
            WHERE e.filesystem_id = ? AND e.parent_inode = ? AND e.name = ?
            """, [filesystem, parent, Data(name)]
        ).map { try Node(inode: $0[0], mode: UInt32(truncatingIfNeeded: $0[1] as Int64), value: ($0[2] as Int64?).map(ValueID.init)) }
    }

    private func names(in directory: Int64) throws -> [[UInt8]] {
        try db.rows(
            "SELECT name FROM directory_entries WHERE filesystem_id = ? AND parent_inode = ?", [filesystem, directory]
        ).map { Array(try $0[0] as Data) }
    }

    private func insert(_ name: [UInt8], in parent: Int64, mode: UInt32) throws -> Int64 {
        guard let inode = try db.number(
            "UPDATE filesystems SET next_inode = next_inode + 1 WHERE id = ? RETURNING next_inode - 1", [filesystem])
        else { throw CatalogError(.corrupted, "the file system number \(filesystem) is missing in the catalog") }
        try db.run(
            """
            INSERT INTO inodes (filesystem_id, inode, mode, link_count, size_bytes, accessed_at_ns, modified_at_ns, changed_at_ns)
            VALUES (?, ?, ?, 1, 0, ?, ?, ?)
            """, [filesystem, inode, mode, nowNanoseconds, nowNanoseconds, nowNanoseconds])
        try db.run(
            "INSERT INTO directory_entries (filesystem_id, parent_inode, name, inode) VALUES (?, ?, ?, ?)",
            [filesystem, parent, Data(name), inode])
        return inode
    }

    /// Takes a name away, and the inode with its last one.
    private func removeNode(_ node: Node, named name: [UInt8], from parent: Int64) throws {
        try db.run(
            "DELETE FROM directory_entries WHERE filesystem_id = ? AND parent_inode = ? AND name = ?",
            [filesystem, parent, Data(name)])
        try db.run(
            "UPDATE inodes SET link_count = link_count - 1 WHERE filesystem_id = ? AND inode = ?", [filesystem, node.inode])
        let gone = try db.change(
            "DELETE FROM inodes WHERE filesystem_id = ? AND inode = ? AND link_count = 0", [filesystem, node.inode])
        if gone == 1, let value = node.value { try ValueTable(db: db).release(value, sequence: sequence) }
    }

    private func error(_ code: CatalogError.Code, _ path: [[UInt8]], _ reason: String) -> CatalogError {
        let text = path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        return CatalogError(code, "`/\(text)` \(reason)", context: ["path": text])
    }
}
