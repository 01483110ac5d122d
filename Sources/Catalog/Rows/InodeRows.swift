public import ContentStore

/// A file, directory or symbolic link, by its number.
public struct InodeRow: Hashable, Sendable {
    public let inode: Int64
    /// POSIX `st_mode`, type bits included.
    public let mode: UInt32
    public let linkCount: Int64
    public let sizeBytes: Int64
    /// A regular file's content; nil for an empty file.
    public let value: ValueID?
    public let symlinkTarget: [UInt8]?
    public let accessedAtNanoseconds: Int64
    public let modifiedAtNanoseconds: Int64
    public let changedAtNanoseconds: Int64

    public var isDirectory: Bool { mode & FileMode.typeMask == FileMode.directory }
    public var isRegular: Bool { mode & FileMode.typeMask == FileMode.regular }
}

/// A name in a directory.
public struct DirectoryEntryRow: Hashable, Sendable {
    public let name: [UInt8]
    public let inode: Int64
    public let mode: UInt32
}

/// Whose files: a model's own (for reading, those of the snapshot whose code it runs), or a snapshot's.
public struct FilesOwner: Hashable, Sendable {
    public let modelID: String
    public let snapshotID: String?

    public init(modelID: String, snapshotID: String? = nil) {
        self.modelID = modelID
        self.snapshotID = snapshotID
    }
}

/// A place for a new name.
public struct DirectoryPlace: Hashable, Sendable {
    public let parent: Int64
    public let name: [UInt8]

    public init(parent: Int64, name: [UInt8]) {
        self.parent = parent
        self.name = name
    }
}

/// One change of a model's files by numbers and names.
public enum InodeChange: Sendable {
    /// Makes a file, directory or symbolic link; `mode` with type bits.
    case make(DirectoryPlace, mode: UInt32, symlinkTarget: [UInt8]?)
    /// Type bits of `mode` are passed over.
    case setAttributes(inode: Int64, mode: UInt32?, accessedAtNanoseconds: Int64?, modifiedAtNanoseconds: Int64?)
    /// Takes away a name of something that is no directory.
    case unlink(DirectoryPlace)
    /// Takes away a directory: an empty one, or with all that is below it.
    case removeDirectory(DirectoryPlace, recursively: Bool)
    case rename(DirectoryPlace, to: DirectoryPlace, replaces: Bool)
    /// Gives a file a second name.
    case link(inode: Int64, DirectoryPlace)
    /// Copies a file, link, or directory with all that is below it. Contents are shared.
    case copy(inode: Int64, DirectoryPlace)
}

/// What a tree holds, and what it may.
public struct FilesystemRoom: Hashable, Sendable {
    public let sizeBytes: Int64
    public let usedBytes: Int64
    public let inodeCount: Int64

    public var inodesMax: Int64 { sizeBytes >> 20 * 64 }
    /// Wraps for a catalog that claims what no disk has.
    public var freeBytes: Int64 { sizeBytes &- usedBytes }
}

/// A new content for a file.
public struct ContentCommit: Sendable {
    public let modelID: String
    public let inode: Int64
    /// The content that the new one was made of; when the file has another by now, the commit is refused with `conflict`.
    public let base: ValueID?
    /// Nil for an empty file.
    public let content: IngestedValue?
    public let packs: [SealedPack]
    public let mode: UInt32?
    public let accessedAtNanoseconds: Int64?
    public let modifiedAtNanoseconds: Int64?
    public let nowNanoseconds: Int64

    public init(
        modelID: String, inode: Int64, base: ValueID?, content: IngestedValue?, packs: [SealedPack], mode: UInt32? = nil,
        accessedAtNanoseconds: Int64? = nil, modifiedAtNanoseconds: Int64? = nil, nowNanoseconds: Int64
    ) {
        self.modelID = modelID
        self.inode = inode
        self.base = base
        self.content = content
        self.packs = packs
        self.mode = mode
        self.accessedAtNanoseconds = accessedAtNanoseconds
        self.modifiedAtNanoseconds = modifiedAtNanoseconds
        self.nowNanoseconds = nowNanoseconds
    }
}
