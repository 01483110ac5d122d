import ContentStore

/// A disk with one file, in memory.
struct MemoryDisk: StoreDisk {
    static let path = "/pack"

    let bytes: [UInt8]

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        guard path == Self.path, case .read = mode else { throw ContentError(.notFound, "there is no file `\(path)`") }
        return MemoryFile(bytes)
    }

    func link(_ path: String, to newPath: String) throws(ContentError) { throw refusal }
    func rename(_ path: String, to newPath: String) throws(ContentError) { throw refusal }
    func remove(_ path: String) throws(ContentError) { throw refusal }
    func createDirectory(_ path: String) throws(ContentError) { throw refusal }
    func removeDirectory(_ path: String) throws(ContentError) { throw refusal }
    func list(_ path: String) throws(ContentError) -> [String] { throw refusal }
    func status(_ path: String) throws(ContentError) -> FileStatus? { nil }
    func syncDirectory(_ path: String) throws(ContentError) { throw refusal }

    private var refusal: ContentError { ContentError(.io, "a disk of one file changes nothing") }
}

private final class MemoryFile: DiskFile {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        precondition(offset >= 0, "a file is read before its beginning")
        guard offset < bytes.count else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) { throw ContentError(.io, "read only") }
    func sync() throws(ContentError) { throw ContentError(.io, "read only") }
    func status() throws(ContentError) -> FileStatus { FileStatus(sizeBytes: Int64(bytes.count), isDirectory: false, device: 1, inode: 1) }
    func tryLock() throws(ContentError) -> Bool { true }
    func mark(_ number: Int64) throws(ContentError) {}
    func lowestMark() throws(ContentError) -> Int64? { nil }
}
