import Synchronization

/// One open store's folder below `staging/`, alive while its lock file is locked.
///
/// The lock file's first eight bytes are the session's horizon: the lowest catalog sequence at which something that is
/// still running here began (little-endian; `Int64.max` when nothing runs). What was condemned after it may still be in
/// use here, so collection leaves it alone. No clock is involved: a dead session's lock is free, whoever looks.
public final class StagingSession: Sendable {
    /// 32 hexadecimal digits; also the folder's name.
    public let token: String
    let folder: String
    let disk: any StoreDisk
    private let lockFile: any DiskFile
    private let horizons: Mutex<Horizons>
    private let packNumber = Atomic<Int>(0)

    private struct Horizons {
        var active: [Int64: Int] = [:]
        var written = Int64.max
    }

    /// Makes the folder below `stagingFolder` and locks it.
    public init(stagingFolder: String, disk: any StoreDisk) throws(ContentError) {
        self.disk = disk
        while true {
            let token = Self.randomToken()
            let folder = stagingFolder + "/" + token
            if let file = try Self.lock(folder, disk: disk) {
                (self.token, self.folder, lockFile) = (token, folder, file)
                break
            }
        }
        horizons = Mutex(Horizons())
        try write(horizon: .max)
    }

    private static func randomToken() -> String {
        (0..<4).map { _ in
            let word = String(UInt32.random(in: 0...UInt32.max), radix: 16)
            return String(repeating: "0", count: 8 - word.count) + word
        }.joined()
    }

    /// Nil when a sweeper took the newborn folder for a dead one; the caller tries another name.
    private static func lock(_ folder: String, disk: any StoreDisk) throws(ContentError) -> (any DiskFile)? {
        try disk.createDirectory(folder)
        let path = folder + "/lock"
        do throws(ContentError) {
            let file = try disk.open(path, .readWrite)
            guard try file.tryLock(), let named = try disk.status(path) else { return nil }
            let opened = try file.status()
            return named.inode == opened.inode && named.device == opened.device ? file : nil
        } catch where error.code == .notFound {
            return nil
        }
    }

    /// Says that something began at `sequence`; what was condemned after it stays until `end(sequence:)`.
    ///
    /// Call it *before* reading anything from the catalog, with a sequence read before.
    public func begin(sequence: Int64) throws(ContentError) {
        let lowest = horizons.withLock { horizons -> Int64? in
            horizons.active[sequence, default: 0] += 1
            return Self.changed(&horizons)
        }
        if let lowest { try write(horizon: lowest) }
    }

    public func end(sequence: Int64) {
        let lowest = horizons.withLock { horizons -> Int64? in
            let count = horizons.active[sequence, default: 0] - 1
            horizons.active[sequence] = count > 0 ? count : nil
            return Self.changed(&horizons)
        }
        // A horizon that stays too low only delays collection: the failure needs no handling.
        if let lowest { try? write(horizon: lowest) }
    }

    private static func changed(_ horizons: inout Horizons) -> Int64? {
        let lowest = horizons.active.keys.min() ?? .max
        guard lowest != horizons.written else { return nil }
        horizons.written = lowest
        return lowest
    }

    private func write(horizon: Int64) throws(ContentError) {
        let result = withUnsafeBytes(of: horizon.littleEndian) { bytes in
            Result { () throws(ContentError) in try lockFile.write(bytes, at: 0) }
        }
        try result.get()
    }

    /// A path for the next pack of this session.
    func nextPackPath() -> String {
        "\(folder)/\(packNumber.wrappingAdd(1, ordering: .relaxed).oldValue).pack"
    }

    /// Removes the folder. The lock goes when the object does.
    public func close() throws(ContentError) {
        for name in try disk.list(folder) where name != "lock" { try disk.remove(folder + "/" + name) }
        try disk.remove(folder + "/lock")
        try disk.removeDirectory(folder)
    }
}

/// The sessions that other processes (or this one) have open on a store.
public struct StagingFolder: Sendable {
    let path: String
    let disk: any StoreDisk

    public init(path: String, disk: any StoreDisk) {
        self.path = path
        self.disk = disk
    }

    /// A session whose process is gone, held by its lock while it is cleared away.
    public struct DeadSession: Sendable {
        public let token: String
        /// Packs that it had published or was writing, by their staging paths.
        public let stagedPacks: [String]
        fileprivate let folder: String
        fileprivate let lock: any DiskFile
    }

    /// The lowest horizon of all live sessions; `Int64.max` when there is none.
    public func lowestHorizon() throws(ContentError) -> Int64 {
        var lowest = Int64.max
        for token in try disk.list(path) {
            do throws(ContentError) {
                let lockPath = path + "/" + token + "/lock"
                let file = try disk.open(lockPath, .readWrite)
                if try file.tryLock() { continue }
                lowest = min(lowest, try Self.horizon(of: file, path: lockPath))
            } catch where error.code == .notFound {
                continue
            }
        }
        return lowest
    }

    private static func horizon(of file: any DiskFile, path: String) throws(ContentError) -> Int64 {
        var bytes: [UInt8] = Array(repeating: 0, count: 8)
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }
        }
        // A session that has not written its horizon yet may have begun at any moment: nothing may go.
        guard try result.get() == 8 else { return 0 }
        return bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    /// Takes the locks of all sessions whose process is gone.
    public func deadSessions() throws(ContentError) -> [DeadSession] {
        var dead: [DeadSession] = []
        for token in try disk.list(path) {
            let folder = path + "/" + token
            do throws(ContentError) {
                let lock = try disk.open(folder + "/lock", .readWrite)
                guard try lock.tryLock() else { continue }
                let packs = try disk.list(folder).filter { $0 != "lock" }.map { folder + "/" + $0 }
                dead.append(DeadSession(token: token, stagedPacks: packs, folder: folder, lock: lock))
            } catch where error.code == .notFound {
                continue
            }
        }
        return dead
    }

    /// Removes a dead session's folder; a newborn session that shares the name sees its lock file gone and takes another.
    public func remove(_ session: DeadSession) throws(ContentError) {
        for pack in session.stagedPacks { try disk.remove(pack) }
        try disk.remove(session.folder + "/lock")
        try disk.removeDirectory(session.folder)
    }
}
