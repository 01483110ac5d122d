public import ContentStore

/// The catalog's number of a tree of files.
public struct FilesystemID: Hashable, Sendable {
    let rawValue: Int64
    /// Equal numbers and versions mean equal files.
    public let version: Int64
    public var identity: String { "\(rawValue).\(version)" }
}

/// A file, directory or symbolic link of a tree.
public struct FileRow: Hashable, Sendable {
    /// Names joined by `/`, without a leading one; empty for the root.
    public let path: [UInt8]
    public let inode: Int64
    /// POSIX `st_mode`, type bits included.
    public let mode: UInt32
    public let sizeBytes: Int64
    /// A regular file's content; nil for an empty file.
    public let value: ValueID?
    public let symlinkTarget: [UInt8]?
    public let modifiedAtNanoseconds: Int64
}

/// A change to a model's files. Paths are lists of names; parents that are missing are made.
public enum FileChange: Sendable {
    case directory(path: [[UInt8]], permissions: UInt32)
    /// Makes or replaces a regular file.
    case file(path: [[UInt8]], permissions: UInt32, content: IngestedValue)
    case symlink(path: [[UInt8]], target: [UInt8])
    /// A directory that is not empty goes only with `recursively`.
    case remove(path: [[UInt8]], recursively: Bool)
    /// Replaces a file, or an empty directory by a directory.
    case rename(from: [[UInt8]], to: [[UInt8]])
}

/// Changes to a model's files that become visible together.
public struct FilesCommit: Sendable {
    public let modelID: String
    /// Removes everything that was there first.
    public let replacesAll: Bool
    public let changes: [FileChange]
    public let packs: [SealedPack]
    public let nowNanoseconds: Int64

    public init(modelID: String, replacesAll: Bool, changes: [FileChange], packs: [SealedPack], nowNanoseconds: Int64) {
        self.modelID = modelID
        self.replacesAll = replacesAll
        self.changes = changes
        self.packs = packs
        self.nowNanoseconds = nowNanoseconds
    }
}
