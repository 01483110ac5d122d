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

    /// New folders that a sweeper may take away, one after another, before the session gives up.
    private static let attemptsMax = 100

    private struct Horizons {
        var active: [Int64: Int] = [:]
        /// What the lock file says; nil when that is not known.
        var written: Int64? = .max
    }

    /// Makes the folder below `stagingFolder` and locks it.
    public init(stagingFolder: String, disk: any StoreDisk) throws(ContentError) {
        self.disk = disk
        (token, lockFile) = try Self.newborn(in: stagingFolder, disk: disk)
        folder = stagingFolder + "/" + token
        horizons = Mutex(Horizons())
        do throws(ContentError) {
            try Self.write(horizon: .max, to: lockFile)
        } catch {
            try? disk.remove(folder + "/lock")
            try? disk.removeDirectory(folder)
            throw error
        }
    }

    private static func newborn(
        in stagingFolder: String, disk: any StoreDisk
    ) throws(ContentError) -> (token: String, lock: any DiskFile) {
        for _ in 0..<attemptsMax {
            let token = randomToken()
            if let file = try lock(stagingFolder + "/" + token, disk: disk) { return (token, file) }
        }
        throw ContentError(
            .locked, "a session's folder below `\(stagingFolder)` was taken away \(attemptsMax) times; something else clears it",
            path: stagingFolder)
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
    /// Call it *before* reading anything from the catalog, with a sequence read before. When it returns, every process
    /// that looks sees the horizon. When it throws, nothing began.
    /// - Complexity: at most one write of eight bytes to the lock file; no fsync.
    public func begin(sequence: Int64) throws(ContentError) {
        let result = horizons.withLock { horizons in
            Result { () throws(ContentError) in
                horizons.active[sequence, default: 0] += 1
                do throws(ContentError) {
                    try update(&horizons)
                } catch {
                    Self.forget(sequence, &horizons)
                    throw error
                }
            }
        }
        try result.get()
    }

    /// Says that what `begin(sequence:)` began is over.
    public func end(sequence: Int64) {
        horizons.withLock { horizons in
            Self.forget(sequence, &horizons)
            // A horizon that stays too low only delays collection, and the next change writes it again.
            try? update(&horizons)
        }
    }

    private static func forget(_ sequence: Int64, _ horizons: inout Horizons) {
        let count = horizons.active[sequence, default: 0] - 1
        horizons.active[sequence] = count > 0 ? count : nil
    }

    /// Writes the lowest horizon if it changed. Under the lock, so that nobody goes on before the file says so, and two
    /// changes reach the file in their order.
    private func update(_ horizons: inout Horizons) throws(ContentError) {
        let lowest = horizons.active.keys.min() ?? .max
        guard lowest != horizons.written else { return }
        // Whatever a failed write left there, the next change must write.
        horizons.written = nil
        try Self.write(horizon: lowest, to: lockFile)
        horizons.written = lowest
    }

    private static func write(horizon: Int64, to file: any DiskFile) throws(ContentError) {
        try withUnsafeBytes(of: horizon.littleEndian) { bytes throws(ContentError) in try file.write(bytes, at: 0) }
    }

    /// A path for the next pack of this session.
    func nextPackPath() -> String {
        "\(folder)/\(packNumber.wrappingAdd(1, ordering: .relaxed).oldValue).pack"
    }

    /// Removes the folder, unless packs are left in it whose fate is open: then a sweep finds the folder, once the lock
    /// has gone with this object, and asks the catalog about each.
    public func close() throws(ContentError) {
        guard try disk.list(folder).allSatisfy({ $0 == "lock" }) else { return }
        try disk.remove(folder + "/lock")
        try disk.removeSessionFolder(folder)
    }
}
