import Synchronization

@testable import ContentStore

/// A disk on which a sweep runs before one operation.
final class SweepingDisk: StoreDisk {
    private let disk = LocalDisk()
    private let folder: StagingFolder
    private let left: Mutex<Int>

    init(folder: StagingFolder, step: Int) {
        self.folder = folder
        left = Mutex(step)
    }

    fileprivate func step() throws(ContentError) {
        let sweeps = left.withLock { left in
            left -= 1
            return left == -1
        }
        if sweeps { for dead in try folder.deadSessions() { try folder.remove(dead) } }
    }

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        try step()
        return SweepingFile(file: try disk.open(path, mode), disk: self)
    }

    func createDirectory(_ path: String) throws(ContentError) {
        try step()
        try disk.createDirectory(path)
    }

    func status(_ path: String) throws(ContentError) -> FileStatus? {
        try step()
        return try disk.status(path)
    }

    func link(_ path: String, to newPath: String) throws(ContentError) { try disk.link(path, to: newPath) }
    func rename(_ path: String, to newPath: String) throws(ContentError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(ContentError) { try disk.remove(path) }
    func removeDirectory(_ path: String) throws(ContentError) { try disk.removeDirectory(path) }
    func list(_ path: String) throws(ContentError) -> [String] { try disk.list(path) }
    func syncDirectory(_ path: String) throws(ContentError) { try disk.syncDirectory(path) }
}

private final class SweepingFile: DiskFile {
    private let file: any DiskFile
    private let disk: SweepingDisk

    init(file: any DiskFile, disk: SweepingDisk) { (self.file, self.disk) = (file, disk) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) { try file.write(bytes, at: offset) }
    func sync() throws(ContentError) { try file.sync() }

    func status() throws(ContentError) -> FileStatus {
        try disk.step()
        return try file.status()
    }

    func tryLock() throws(ContentError) -> Bool {
        try disk.step()
        return try file.tryLock()
    }

    func mark(_ number: Int64) throws(ContentError) { try file.mark(number) }
    func lowestMark() throws(ContentError) -> Int64? { try file.lowestMark() }
}
