/// Everything that the store does with files, in one place: the seam through which tests inject faults.
///
/// Rules for implementations: every method may be called from any thread and may block; none is called on the
/// cooperative pool. Paths are absolute. Errors are `ContentError` with the system's number.
public protocol StoreDisk: Sendable {
    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile
    /// Gives the file a second name. `.locked` is never thrown; an existing `newPath` throws `.io` with EEXIST.
    func link(_ path: String, to newPath: String) throws(ContentError)
    func rename(_ path: String, to newPath: String) throws(ContentError)
    /// Removes a file; one that is already gone is no error.
    func remove(_ path: String) throws(ContentError)
    /// Makes a folder; one that exists is no error.
    func createDirectory(_ path: String) throws(ContentError)
    /// Removes an empty folder; one that is already gone is no error.
    func removeDirectory(_ path: String) throws(ContentError)
    /// The names in a folder, in no order.
    func list(_ path: String) throws(ContentError) -> [String]
    /// Nil when nothing has this path.
    func status(_ path: String) throws(ContentError) -> FileStatus?
    /// Makes the folder's entries durable.
    func syncDirectory(_ path: String) throws(ContentError)
    /// The SQLite VFS through which the catalog reaches its file on this disk; nil for SQLite's own.
    var databaseFileSystem: String? { get }
}

extension StoreDisk {
    public var databaseFileSystem: String? { nil }
}

public enum OpenMode: Sendable {
    case read
    /// Creates a file that must not exist yet.
    case create
    /// Opens for reading and writing, creating the file when it is missing.
    case readWrite
}

public struct FileStatus: Hashable, Sendable {
    public let sizeBytes: Int64
    public let isDirectory: Bool
    /// Device and inode: equal for two names of one file.
    public let device: UInt64
    public let inode: UInt64

    public init(sizeBytes: Int64, isDirectory: Bool, device: UInt64, inode: UInt64) {
        self.sizeBytes = sizeBytes
        self.isDirectory = isDirectory
        self.device = device
        self.inode = inode
    }
}

/// An open file. It is closed when the last reference goes.
public protocol DiskFile: AnyObject, Sendable {
    /// Reads at most `buffer.count` bytes; fewer only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int
    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError)
    /// Makes content and size durable. After a failure the file's fate is unknown: never call it again.
    func sync() throws(ContentError)
    func status() throws(ContentError) -> FileStatus
    /// Takes the file's exclusive lock without waiting; false when another open file holds it. It goes with the file.
    func tryLock() throws(ContentError) -> Bool
    /// Tells everybody who has the file open that `number` is in use here, until this open file is closed. Changes no byte,
    /// and files that are open for reading will do. Any number of open files may mark the same number.
    func mark(_ number: Int64) throws(ContentError)
    /// The lowest number that another open file has marked; nil when none has.
    func lowestMark() throws(ContentError) -> Int64?
}

extension DiskFile {
    /// Reads exactly `buffer.count` bytes.
    /// - Throws: `.corrupted` when the file ends before.
    func readExactly(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64, path: String) throws(ContentError) {
        let count = try read(into: buffer, at: offset)
        guard count == buffer.count else {
            throw ContentError(
                .corrupted, "the file ends at byte \(offset + Int64(count)); \(buffer.count) bytes at \(offset) were expected",
                path: path)
        }
    }
}
