import ContentStore

/// A disk that reads again what could not be read: a repair takes for lost what it cannot read, and a fault that passes must
/// cost nothing. Writing is never tried again.
struct SecondLookDisk: StoreDisk {
    let disk: any StoreDisk

    var databaseFileSystem: String? { disk.databaseFileSystem }

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        guard case .read = mode else { return try disk.open(path, mode) }
        let file = try twice { () throws(ContentError) in try disk.open(path, .read) }
        return SecondLookFile(file: file)
    }

    func list(_ path: String) throws(ContentError) -> [String] { try twice { () throws(ContentError) in try disk.list(path) } }
    func status(_ path: String) throws(ContentError) -> FileStatus? { try twice { () throws(ContentError) in try disk.status(path) } }

    func link(_ path: String, to newPath: String) throws(ContentError) { try disk.link(path, to: newPath) }
    func rename(_ path: String, to newPath: String) throws(ContentError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(ContentError) { try disk.remove(path) }
    func createDirectory(_ path: String) throws(ContentError) { try disk.createDirectory(path) }
    func removeDirectory(_ path: String) throws(ContentError) { try disk.removeDirectory(path) }
    func syncDirectory(_ path: String) throws(ContentError) { try disk.syncDirectory(path) }
}

private final class SecondLookFile: DiskFile {
    private let file: any DiskFile

    init(file: any DiskFile) { self.file = file }

    /// A read that ends early does so twice, if that is where the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        let count = try twice { () throws(ContentError) in try file.read(into: buffer, at: offset) }
        return count < buffer.count ? max(count, try file.read(into: buffer, at: offset)) : count
    }

    func status() throws(ContentError) -> FileStatus { try twice { () throws(ContentError) in try file.status() } }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) { try file.write(bytes, at: offset) }
    func sync() throws(ContentError) { try file.sync() }
    func tryLock() throws(ContentError) -> Bool { try file.tryLock() }
    func mark(_ number: Int64) throws(ContentError) { try file.mark(number) }
    func lowestMark() throws(ContentError) -> Int64? { try file.lowestMark() }
}

private func twice<T>(_ body: () throws(ContentError) -> T) throws(ContentError) -> T {
    do throws(ContentError) {
        return try body()
    } catch {
        guard error.code != .notFound else { throw error }
        return try body()
    }
}
