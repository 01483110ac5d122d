public import ContentStore
import Glibc

/// A disk on which any operation can be made to fail: the store's own and SQLite's, with one numbering for both.
///
/// The plan can be changed at any moment and from any thread. Operations on SQLite's shared memory and locks, and on its
/// temporary files, are neither counted nor failed.
public final class FaultDisk: StoreDisk {
    let disk: any StoreDisk
    let plan = FaultPlan()
    private let fileSystem: FaultFileSystem

    /// - Precondition: SQLite can register one more VFS (it fails for want of memory only).
    public init(wrapping disk: any StoreDisk = LocalDisk()) {
        self.disk = disk
        fileSystem = FaultFileSystem(plan: plan)
    }

    public var databaseFileSystem: String? { fileSystem.name }

    /// Sets a fault and begins to count anew.
    public func arm(_ fault: Fault) { plan.arm(fault) }
    /// Lets `bytes` more be written; then there is no space until the disk is healed. Begins to count anew.
    public func limitSpace(bytes: Int64) { plan.limitSpace(bytes: bytes) }
    /// Nothing fails any more.
    public func heal() { plan.heal() }
    /// From now on nothing reaches the disk, as if the process had been killed: every operation fails, uncounted.
    public func die() { plan.die() }
    /// Begins a log of every operation, with the bytes that were written.
    public func record() { plan.record() }

    /// Operations since the last fault was set.
    public var operationCount: Int { plan.count }
    /// Whether a fault has been injected since the last one was set.
    public var hasFired: Bool { plan.hasFired }
    /// What was done since `record()`, oldest first.
    public var log: [DiskOperation] { plan.log }
    /// How many operations the log has.
    public var logCount: Int { plan.logCount }

    /// Counts one operation, and throws if the plan says so.
    /// - Returns: whether a read must answer too little.
    @discardableResult
    func judge(_ action: DiskOperation.Action, _ path: String) throws(ContentError) -> Bool {
        switch plan.judge(path, action, isDatabase: false) {
        case .goOn: return false
        case .shorten: return true
        case .fail(let number):
            let code: ContentError.Code =
                switch number {
                case ENOSPC: .noSpace
                case EMFILE, ENFILE: .tooManyOpenFiles
                default: .io
                }
            throw ContentError(code, "injected into `\(path)`: \(String(cString: strerror(number)))", errno: number, path: path)
        }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        var creates = false
        if case .read = mode {} else { creates = try disk.status(path) == nil }
        try judge(.open(creates: creates), path)
        return FaultFile(file: try disk.open(path, mode), path: path, disk: self)
    }

    public func link(_ path: String, to newPath: String) throws(ContentError) {
        // One that is refused changes nothing and must not stand in the log as if it had.
        if try disk.status(newPath) == nil { try judge(.link(to: newPath), path) }
        try disk.link(path, to: newPath)
    }

    public func rename(_ path: String, to newPath: String) throws(ContentError) {
        try judge(.rename(to: newPath), path)
        try disk.rename(path, to: newPath)
    }

    public func remove(_ path: String) throws(ContentError) {
        try judge(.remove(syncsFolder: false), path)
        try disk.remove(path)
    }

    public func createDirectory(_ path: String) throws(ContentError) {
        try judge(.createDirectory, path)
        try disk.createDirectory(path)
    }

    public func removeDirectory(_ path: String) throws(ContentError) {
        try judge(.removeDirectory, path)
        try disk.removeDirectory(path)
    }

    public func list(_ path: String) throws(ContentError) -> [String] {
        try judge(.list, path)
        return try disk.list(path)
    }

    public func status(_ path: String) throws(ContentError) -> FileStatus? {
        try judge(.status, path)
        return try disk.status(path)
    }

    public func syncDirectory(_ path: String) throws(ContentError) {
        try judge(.syncDirectory, path)
        try disk.syncDirectory(path)
    }
}

private final class FaultFile: DiskFile {
    private let file: any DiskFile
    private let path: String
    private let disk: FaultDisk

    init(file: any DiskFile, path: String, disk: FaultDisk) { (self.file, self.path, self.disk) = (file, path, disk) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        let isShort = try disk.judge(.read(offset: offset, length: buffer.count), path)
        guard isShort else { return try file.read(into: buffer, at: offset) }
        return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<(buffer.count / 2)]), at: offset)
    }

    /// A failed write leaves half of its bytes.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        do {
            try disk.judge(.write(offset: offset, bytes: Array(bytes)), path)
        } catch {
            if !disk.plan.isDead { try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), at: offset) }
            throw error
        }
        try file.write(bytes, at: offset)
    }

    func sync() throws(ContentError) {
        try disk.judge(.sync(withFolder: false), path)
        try file.sync()
    }


    func status() throws(ContentError) -> FileStatus {
        try disk.judge(.status, path)
        return try file.status()
    }

    func tryLock() throws(ContentError) -> Bool {
        try disk.judge(.lock, path)
        return try file.tryLock()
    }

    func mark(_ number: Int64) throws(ContentError) {
        try disk.judge(.lock, path)
        try file.mark(number)
    }

    func lowestMark() throws(ContentError) -> Int64? {
        try disk.judge(.lock, path)
        return try file.lowestMark()
    }
}
