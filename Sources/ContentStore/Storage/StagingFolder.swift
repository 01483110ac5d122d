import Glibc

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

    /// A session whose process lives.
    public struct LiveSession: Hashable, Sendable {
        public let token: String
        /// The lowest sequence at which something that still runs in it began; `Int64.max` when nothing runs.
        public let horizon: Int64
    }

    /// The lowest horizon of all live sessions; `Int64.max` when there is none.
    public func lowestHorizon() throws(ContentError) -> Int64 {
        try liveSessions().reduce(Int64.max) { min($0, $1.horizon) }
    }

    /// All live sessions, this process's too.
    public func liveSessions() throws(ContentError) -> [LiveSession] {
        var live: [LiveSession] = []
        for token in try tokens() {
            do throws(ContentError) {
                let lockPath = path + "/" + token + "/lock"
                // Never creates the file: a folder without one is not in use yet.
                let file = try disk.open(lockPath, .read)
                if try file.tryLock() { continue }
                live.append(LiveSession(token: token, horizon: try Self.horizon(of: file, path: lockPath)))
            } catch where error.code == .notFound {
                continue
            }
        }
        return live
    }

    private static func horizon(of file: any DiskFile, path: String) throws(ContentError) -> Int64 {
        var bytes: [UInt8] = Array(repeating: 0, count: 8)
        let count = try bytes.withMutableBytes { buffer throws(ContentError) in try file.read(into: buffer, at: 0) }
        // A session that has not written its horizon yet may have begun at any moment: nothing may go.
        guard count == 8 else { return 0 }
        return bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    /// Takes the locks of all sessions whose process is gone.
    public func deadSessions() throws(ContentError) -> [DeadSession] {
        var dead: [DeadSession] = []
        for token in try tokens() {
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
        try disk.removeSessionFolder(session.folder)
    }

    /// The names in the folder that a session can have; what else lies there is left alone.
    func tokens() throws(ContentError) -> [String] {
        try disk.list(path).filter { name in
            name.utf8.count == 32 && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
    }
}

extension StoreDisk {
    /// Removes a session's folder, whose lock file is gone already. One that is in use again is left to whoever uses it:
    /// a newborn session, or another sweeper.
    func removeSessionFolder(_ folder: String) throws(ContentError) {
        do throws(ContentError) {
            try removeDirectory(folder)
        } catch where error.errno == ENOTEMPTY || error.errno == EEXIST {
            return
        }
    }
}
