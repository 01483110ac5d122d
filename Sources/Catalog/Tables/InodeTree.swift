import ContentStore
import Foundation
import GRDB

/// Changes one tree by numbers and names. Its caller rolls everything back when a change throws.
struct InodeTree {
    let db: Database
    let filesystem: Int64
    let nowNanoseconds: Int64
    let sequence: Int64

    private var table: InodeTable { InodeTable(db: db, filesystem: filesystem) }

    /// - Returns: the inode that was made, changed or linked; nil when there is none left to tell of.
    func apply(_ change: InodeChange) throws -> InodeRow? {
        switch change {
        case .make(let place, let mode, let target): try make(place, mode, target)
        case .setAttributes(let inode, let mode, let accessedAt, let modifiedAt):
            try setAttributes(inode, mode: mode, accessedAt: accessedAt, modifiedAt: modifiedAt)
        case .unlink(let place): try unlink(place)
        case .removeDirectory(let place, let recursively): try removeDirectory(place, recursively: recursively)
        case .rename(let from, let to, let replaces): try rename(from, to, replaces: replaces)
        case .link(let inode, let place): try link(inode, place)
        case .copy(let inode, let place): try copy(inode, place)
        }
    }

    private func make(_ place: DirectoryPlace, _ mode: UInt32, _ target: [UInt8]?) throws -> InodeRow? {
        let parent = try requireFree(place)
        try requireInodes(1)
        let inode = try insertInode(mode: mode)
        if let target {
            try db.run(
                "UPDATE inodes SET symlink_target = ? WHERE filesystem_id = ? AND inode = ?", [Data(target), filesystem, inode])
        }
        try insertEntry(place.name, in: parent.inode, inode)
        return try table.inode(inode)
    }

    func setAttributes(_ number: Int64, mode: UInt32?, accessedAt: Int64?, modifiedAt: Int64?) throws -> InodeRow? {
        let row = try table.require(number)
        let mode = mode.map { row.mode & FileMode.typeMask | $0 & 0o7777 } ?? row.mode
        try db.run(
            """
            UPDATE inodes SET mode = ?, accessed_at_ns = ?, modified_at_ns = ?, changed_at_ns = ? WHERE filesystem_id = ? AND inode = ?
            """,
            [
                mode, accessedAt ?? row.accessedAtNanoseconds, modifiedAt ?? row.modifiedAtNanoseconds, nowNanoseconds, filesystem,
                row.inode,
            ])
        return try table.inode(row.inode)
    }

    /// Gives a file another content.
    /// - Throws: `stale_inode`, `is_a_directory`, `wrong_file_kind`, `conflict`.
    func setContent(_ commit: ContentCommit) throws -> InodeRow? {
        let row = try table.require(commit.inode)
        try row.requireRegular()
        guard row.value == commit.base else {
            throw CatalogError(.conflict, "the content of inode \(commit.inode) was changed meanwhile; write again")
        }
        let fresh = try Catalog.enter(commit.packs, db)
        let values = ValueTable(db: db)
        // First the new one: the old one may be its equal.
        let value = try commit.content.map { try values.retain($0, fresh: fresh) }
        if let old = row.value { try values.release(old, sequence: sequence) }
        try db.run(
            "UPDATE inodes SET size_bytes = ?, value_id = ?, modified_at_ns = ? WHERE filesystem_id = ? AND inode = ?",
            [commit.content?.sizeBytes ?? 0, value?.rawValue, nowNanoseconds, filesystem, row.inode])
        return try setAttributes(
            row.inode, mode: commit.mode, accessedAt: commit.accessedAtNanoseconds, modifiedAt: commit.modifiedAtNanoseconds)
    }

    private func unlink(_ place: DirectoryPlace) throws -> InodeRow? {
        let (parent, child) = try table.require(place)
        guard !child.isDirectory else { throw CatalogError(.isADirectory, "inode \(child.inode) is a directory; remove it as one") }
        try remove(child, named: place.name, from: parent.inode)
        return nil
    }

    private func removeDirectory(_ place: DirectoryPlace, recursively: Bool) throws -> InodeRow? {
        let (parent, child) = try table.require(place)
        guard child.isDirectory else { throw CatalogError(.notADirectory, "inode \(child.inode) is no directory; unlink it") }
        guard try recursively || table.isEmpty(child.inode) else { throw notEmpty(child.inode) }
        for entry in try entries(below: child.inode).reversed() {
            // A file with two names below may be gone already with the first but one.
            if let row = try table.inode(entry.inode) { try remove(row, named: entry.name, from: entry.parent) }
        }
        try remove(child, named: place.name, from: parent.inode)
        return nil
    }

    private func rename(_ from: DirectoryPlace, _ to: DirectoryPlace, replaces: Bool) throws -> InodeRow? {
        let (parent, source) = try table.require(from)
        let newParent = try table.requireDirectory(to.parent)
        let target = try table.child(to.name, of: newParent.inode)
        if let target {
            guard replaces else { throw exists(to) }
            guard target.inode != source.inode else { return nil }
        }
        if source.isDirectory, try newParent.inode == source.inode || entries(below: source.inode).contains(where: { $0.inode == newParent.inode }) {
            throw CatalogError(
                .conflict, "the directory with inode \(source.inode) cannot move into itself; name a directory outside of it")
        }
        if let target {
            guard target.isDirectory == source.isDirectory else {
                throw CatalogError(
                    target.isDirectory ? .isADirectory : .notADirectory,
                    "inode \(target.inode) is of another kind than what is to replace it; remove it first")
            }
            guard try !target.isDirectory || table.isEmpty(target.inode) else { throw notEmpty(target.inode) }
            try remove(target, named: to.name, from: newParent.inode)
        }
        try db.run(
            "UPDATE directory_entries SET parent_inode = ?, name = ? WHERE filesystem_id = ? AND parent_inode = ? AND name = ?",
            [newParent.inode, Data(to.name), filesystem, parent.inode, Data(from.name)])
        for directory in Set([parent.inode, newParent.inode]) { try noteChange(ofDirectory: directory) }
        try noteChange(source.inode)
        return nil
    }

    private func link(_ number: Int64, _ place: DirectoryPlace) throws -> InodeRow? {
        let row = try table.require(number)
        guard !row.isDirectory else { throw CatalogError(.notPermitted, "inode \(number) is a directory, which has one name only") }
        let parent = try requireFree(place)
        try db.run("UPDATE inodes SET link_count = link_count + 1 WHERE filesystem_id = ? AND inode = ?", [filesystem, row.inode])
        try noteChange(row.inode)
        try insertEntry(place.name, in: parent.inode, row.inode)
        return try table.inode(row.inode)
    }

    private func copy(_ number: Int64, _ place: DirectoryPlace) throws -> InodeRow? {
        let source = try table.require(number)
        let parent = try requireFree(place)
        let below = source.isDirectory ? try entries(below: source.inode) : []
        try requireInodes(below.count + 1)
        var copies = [source.inode: try copyInode(source)]
        try insertEntry(place.name, in: parent.inode, copies[source.inode]!)
        for entry in below {
            guard let row = try table.inode(entry.inode), let copiedParent = copies[entry.parent] else { continue }
            let copy = try copyInode(row)
            copies[entry.inode] = copy
            try insertEntry(entry.name, in: copiedParent, copy)
        }
        return nil
    }

    private func copyInode(_ row: InodeRow) throws -> Int64 {
        let inode = try insertInode(mode: row.mode)
        if let value = row.value { try ValueTable(db: db).retain(value) }
        try db.run(
            "UPDATE inodes SET size_bytes = ?, value_id = ?, symlink_target = ?, modified_at_ns = ? WHERE filesystem_id = ? AND inode = ?",
            [
                row.sizeBytes, row.value?.rawValue, row.symlinkTarget.map { Data($0) }, row.modifiedAtNanoseconds, filesystem, inode,
            ])
        return inode
    }

    /// Everything below a directory, from above.
    private func entries(below top: Int64) throws -> [(parent: Int64, name: [UInt8], inode: Int64)] {
        var found: [(parent: Int64, name: [UInt8], inode: Int64)] = []
        var open = [top]
        var seen: Set<Int64> = [top]
        while let directory = open.popLast() {
            for entry in try table.entries(of: directory) {
                found.append((directory, entry.name, entry.inode))
                guard entry.mode & FileMode.typeMask == FileMode.directory else { continue }
                guard seen.insert(entry.inode).inserted else {
                    throw CatalogError(.corrupted, "a directory of a model has a second place in the catalog; run `strata repair`")
                }
                open.append(entry.inode)
            }
        }
        return found
    }

    private func requireFree(_ place: DirectoryPlace) throws -> InodeRow {
        let parent = try table.requireDirectory(place.parent)
        if try table.child(place.name, of: parent.inode) != nil { throw exists(place) }
        return parent
    }

    private func requireInodes(_ count: Int) throws {
        let room = try table.room()
        guard room.inodeCount + Int64(count) <= room.inodesMax else {
            throw CatalogError(
                .notEnoughSpace,
                "\(count) more files and directories would pass the \(room.inodesMax) of a file system of this size, of which \(room.inodeCount) "
                    + "are in use; enlarge it or remove some")
        }
    }

    private func insertInode(mode: UInt32) throws -> Int64 {
        guard let inode = try db.number(
            "UPDATE filesystems SET next_inode = next_inode + 1 WHERE id = ? RETURNING next_inode - 1", [filesystem])
        else { throw CatalogError(.corrupted, "the file system number \(filesystem) is missing in the catalog") }
        try db.run(
            """
            INSERT INTO inodes (filesystem_id, inode, mode, link_count, size_bytes, accessed_at_ns, modified_at_ns, changed_at_ns)
            VALUES (?, ?, ?, 1, 0, ?, ?, ?)
            """, [filesystem, inode, mode, nowNanoseconds, nowNanoseconds, nowNanoseconds])
        return inode
    }

    private func insertEntry(_ name: [UInt8], in directory: Int64, _ inode: Int64) throws {
        try db.run(
            "INSERT INTO directory_entries (filesystem_id, parent_inode, name, inode) VALUES (?, ?, ?, ?)",
            [filesystem, directory, Data(name), inode])
        try noteChange(ofDirectory: directory)
    }

    /// Takes a name away, and the inode with its last one.
    private func remove(_ row: InodeRow, named name: [UInt8], from directory: Int64) throws {
        try db.run(
            "DELETE FROM directory_entries WHERE filesystem_id = ? AND parent_inode = ? AND name = ?",
            [filesystem, directory, Data(name)])
        try noteChange(ofDirectory: directory)
        try db.run("UPDATE inodes SET link_count = link_count - 1 WHERE filesystem_id = ? AND inode = ?", [filesystem, row.inode])
        try noteChange(row.inode)
        let gone = try db.change(
            "DELETE FROM inodes WHERE filesystem_id = ? AND inode = ? AND link_count = 0", [filesystem, row.inode])
        if gone == 1, let value = row.value { try ValueTable(db: db).release(value, sequence: sequence) }
    }

    private func noteChange(_ inode: Int64) throws {
        try db.run("UPDATE inodes SET changed_at_ns = ? WHERE filesystem_id = ? AND inode = ?", [nowNanoseconds, filesystem, inode])
    }

    private func noteChange(ofDirectory inode: Int64) throws {
        try db.run(
            "UPDATE inodes SET modified_at_ns = ?, changed_at_ns = ? WHERE filesystem_id = ? AND inode = ?",
            [nowNanoseconds, nowNanoseconds, filesystem, inode])
    }

    private func exists(_ place: DirectoryPlace) -> CatalogError {
        CatalogError(
            .fileAlreadyExists,
            "the directory with inode \(place.parent) has an entry `\(String(decoding: place.name, as: UTF8.self))` already; choose another name")
    }

    private func notEmpty(_ inode: Int64) -> CatalogError {
        CatalogError(.directoryNotEmpty, "the directory with inode \(inode) is not empty; remove what is in it first")
    }
}

extension InodeRow {
    /// - Throws: `is_a_directory`, `wrong_file_kind`.
    func requireRegular() throws(CatalogError) {
        if isDirectory { throw CatalogError(.isADirectory, "inode \(inode) is a directory") }
        guard isRegular else { throw CatalogError(.wrongFileKind, "inode \(inode) is no regular file and has no content") }
    }
}
