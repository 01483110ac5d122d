import Catalog

/// A model's or snapshot's files by inode numbers and names, as NFS and FUSE see files.
///
/// Each call is one transaction: what throws has changed nothing. A change of a model's files leaves those of its snapshots and
/// mounts as they are. Where a number is unknown, 0 and 2 mean the root, besides its own, 1.
///
/// Codes: `stale_inode` (no such number), `file_not_found` (no such name), `not_a_directory`, `is_a_directory`,
/// `file_already_exists`, `directory_not_empty`, `wrong_file_kind` (no content or no target), `not_enough_space`; of all
/// methods `model_not_found`, of those that read `snapshot_not_found` and `snapshot_no_longer_exists`, and of those that write
/// `access_denied` for a snapshot or a model that runs a snapshot's code.
public struct FileSystem: Sendable {
    let store: StateStore
    let model: ModelID
    let snapshot: SnapshotID?

    static let typeMask: UInt32 = 0o170000
    static let directory: UInt32 = 0o040000
    static let regular: UInt32 = 0o100000
    static let symlink: UInt32 = 0o120000

    /// The longest target of a symbolic link, in bytes.
    public static let targetBytesMax = 4096

    var owner: FilesOwner { FilesOwner(modelID: model.rawValue, snapshotID: snapshot?.rawValue) }
    var catalog: Catalog { store.catalog }

    public func attributes(of inode: InodeNumber) async throws(StrataError) -> FileAttributes {
        try await reading { FileAttributes(try await catalog.inode(inode.rawValue, of: owner)) }
    }

    public func lookUp(_ name: [UInt8], in parent: InodeNumber) async throws(StrataError) -> FileAttributes {
        try await reading {
            FileAttributes(try await catalog.inode(at: DirectoryPlace(parent: parent.rawValue, name: name), of: owner))
        }
    }

    /// A directory's entries, in the order of their names' bytes.
    public func entries(of directory: InodeNumber) async throws(StrataError) -> [DirectoryEntry] {
        try await reading {
            try await catalog.directory(directory.rawValue, of: owner).map {
                DirectoryEntry(name: $0.name, inode: InodeNumber(rawValue: $0.inode), mode: $0.mode)
            }
        }
    }

    /// Where a symbolic link points.
    public func target(of inode: InodeNumber) async throws(StrataError) -> [UInt8] {
        try await reading {
            guard let target = try await catalog.inode(inode.rawValue, of: owner).symlinkTarget else {
                throw StrataError(.wrongFileKind, "inode \(inode) is no symbolic link", context: ["inode": "\(inode)"])
            }
            return target
        }
    }

    /// Reads a range of a regular file's content, no more than that.
    ///
    /// - Parameters:
    ///   - begin: told how many bytes will come: those of `range` that are there.
    ///   - consume: gets them in order, in pieces of at most 1 MiB or one chunk.
    /// - Throws: what `begin` and `consume` throw passes through.
    public func read(
        _ inode: InodeNumber, in range: Range<Int64>, begin: (_ sizeBytes: Int64) async throws -> Void,
        _ consume: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        try await store.holdingHorizon { _ in
            let row = try await catalog.inode(inode.rawValue, of: owner)
            guard !row.isDirectory else {
                throw StrataError(.isADirectory, "inode \(inode) is a directory", context: ["inode": "\(inode)"])
            }
            guard row.isRegular else {
                throw StrataError(.wrongFileKind, "inode \(inode) is no regular file and has no content", context: ["inode": "\(inode)"])
            }
            let clipped = range.clamped(to: 0..<(row.value == nil ? 0 : row.sizeBytes))
            try await begin(Int64(clipped.count))
            guard let value = row.value, !clipped.isEmpty else { return }
            try await ValueSource(id: value, catalog: catalog, reader: store.reader).read(clipped, consume)
        }
    }

    /// - Parameter mode: permissions; type bits are passed over.
    public func makeFile(_ name: [UInt8], in parent: InodeNumber, mode: UInt32) async throws(StrataError) -> FileAttributes {
        try await made(.make(try place(name, parent), mode: Self.regular | mode & 0o7777, symlinkTarget: nil))
    }

    public func makeDirectory(_ name: [UInt8], in parent: InodeNumber, mode: UInt32) async throws(StrataError) -> FileAttributes {
        try await made(.make(try place(name, parent), mode: Self.directory | mode & 0o7777, symlinkTarget: nil))
    }

    /// - Parameter target: 1 to `targetBytesMax` bytes, none of them zero; stored as it is and never followed.
    public func makeSymlink(_ name: [UInt8], in parent: InodeNumber, target: [UInt8]) async throws(StrataError) -> FileAttributes {
        guard (1...Self.targetBytesMax).contains(target.count), !target.contains(0) else {
            throw .invalidParameter(
                "link", "the link's target has \(target.count) bytes or a zero byte; allowed are 1 to \(Self.targetBytesMax)")
        }
        return try await made(.make(try place(name, parent), mode: Self.symlink | 0o777, symlinkTarget: target))
    }

    /// Takes away the name of a file or symbolic link, and with the last one the thing itself.
    public func unlink(_ name: [UInt8], in parent: InodeNumber) async throws(StrataError) {
        try await change(.unlink(try place(name, parent)))
    }

    /// Takes a directory away.
    public func removeDirectory(
        _ name: [UInt8], in parent: InodeNumber, recursively: Bool = false
    ) async throws(StrataError) {
        try await change(.removeDirectory(try place(name, parent), recursively: recursively))
    }

    /// Moves a name. A file takes the place of a file, a directory that of an empty directory.
    ///
    /// - Parameter replaces: false refuses with `file_already_exists` what would be replaced.
    /// - Throws: `conflict` for a directory that would move into itself.
    public func rename(
        _ name: [UInt8], in parent: InodeNumber, to newName: [UInt8], in newParent: InodeNumber, replaces: Bool = true
    ) async throws(StrataError) {
        try await change(.rename(try place(name, parent), to: try place(newName, newParent), replaces: replaces))
    }

    /// Gives a file or symbolic link one more name.
    /// - Throws: `not_permitted` for a directory.
    public func link(_ inode: InodeNumber, as name: [UInt8], in parent: InodeNumber) async throws(StrataError) -> FileAttributes {
        try await made(.link(inode: inode.rawValue, try place(name, parent)))
    }

    /// Copies a file, a symbolic link as one, or a directory with all that is below it. Contents are shared, so that the cost
    /// follows the number of files.
    public func copy(_ inode: InodeNumber, as name: [UInt8], in parent: InodeNumber) async throws(StrataError) {
        try await change(.copy(inode: inode.rawValue, try place(name, parent)))
    }

    // MARK: -

    private func place(_ name: [UInt8], _ parent: InodeNumber) throws(StrataError) -> DirectoryPlace {
        guard (1...FilePath.nameBytesMax).contains(name.count), !name.contains(0), !name.contains(UInt8(ascii: "/")),
            name != [0x2e], name != [0x2e, 0x2e]
        else {
            throw .invalidParameter(
                "name",
                "a name of \(name.count) bytes is not allowed: it is not `.` or `..`, and has 1 to \(FilePath.nameBytesMax) bytes, "
                    + "no slash and no zero byte among them")
        }
        return DirectoryPlace(parent: parent.rawValue, name: name)
    }

    private func reading<T>(_ body: () async throws -> T) async throws(StrataError) -> T {
        try await translating {
            try store.checkOpen()
            return try await body()
        }
    }

    @discardableResult
    private func change(_ change: InodeChange) async throws(StrataError) -> InodeRow? {
        try await translating {
            try requireWritable()
            return try await catalog.commit(change, ofModel: model.rawValue, nowNanoseconds: Clock.milliseconds() * 1_000_000)
        }
    }

    func made(_ change: InodeChange) async throws(StrataError) -> FileAttributes {
        guard let row = try await self.change(change) else { preconditionFailure("what makes an inode tells of it") }
        return FileAttributes(row)
    }

    func requireWritable() throws(StrataError) {
        _ = try store.writing()
        guard snapshot == nil else {
            throw StrataError(.accessDenied, "the files of a snapshot do not change; change those of model `\(model)`")
        }
    }
}

extension StateStore {
    /// A model's files; those of the snapshot whose code it runs where it has none of its own, or those of `snapshot`.
    public func fileSystem(of model: ModelID, snapshot: SnapshotID? = nil) -> FileSystem {
        FileSystem(store: self, model: model, snapshot: snapshot)
    }
}
