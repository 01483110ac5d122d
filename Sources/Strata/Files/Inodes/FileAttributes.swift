import Catalog

/// The number of a file, directory or symbolic link among a model's files. A snapshot's are those of the model when it was made;
/// numbers are not used again.
public struct InodeNumber: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static let root = InodeNumber(rawValue: 1)
    public var description: String { "\(rawValue)" }
}

/// What `stat` tells of an inode. Times are nanoseconds since 1970.
public struct FileAttributes: Hashable, Sendable {
    public let inode: InodeNumber
    /// POSIX `st_mode`, type bits included.
    public let mode: UInt32
    /// How many names a file has.
    public let linkCount: Int64
    /// Of a symbolic link, the length of its target.
    public let sizeBytes: Int64
    public let accessedAtNanoseconds: Int64
    public let modifiedAtNanoseconds: Int64
    public let changedAtNanoseconds: Int64

    init(_ row: InodeRow) {
        inode = InodeNumber(rawValue: row.inode)
        mode = row.mode
        linkCount = row.linkCount
        sizeBytes = row.symlinkTarget.map { Int64($0.count) } ?? row.sizeBytes
        accessedAtNanoseconds = row.accessedAtNanoseconds
        modifiedAtNanoseconds = row.modifiedAtNanoseconds
        changedAtNanoseconds = row.changedAtNanoseconds
    }
}

/// A change of attributes; nil leaves one as it is.
public struct FileAttributesChange: Hashable, Sendable {
    /// Permission bits; type bits are passed over.
    public var mode: UInt32?
    /// Cuts a regular file off, or lets it grow by zeros.
    public var sizeBytes: Int64?
    public var accessedAtNanoseconds: Int64?
    public var modifiedAtNanoseconds: Int64?

    public init(
        mode: UInt32? = nil, sizeBytes: Int64? = nil, accessedAtNanoseconds: Int64? = nil, modifiedAtNanoseconds: Int64? = nil
    ) {
        self.mode = mode
        self.sizeBytes = sizeBytes
        self.accessedAtNanoseconds = accessedAtNanoseconds
        self.modifiedAtNanoseconds = modifiedAtNanoseconds
    }
}

/// A name in a directory.
public struct DirectoryEntry: Hashable, Sendable {
    public let name: [UInt8]
    public let inode: InodeNumber
    /// With type bits.
    public let mode: UInt32
}
