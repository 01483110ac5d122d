import Glibc
import Logging
import Synchronization

/// Clears away what hosts that were killed have left: session folders, control groups, and processes in them.
///
/// Liveness is a held lock: whoever can take it knows that the host is gone.
enum DeadHosts {
    private static let swept = Mutex<Set<String>>([])
    private static let killTriesMax = 1000

    /// Sweeps when a root is used for the first time in the life of this process. Blocks; what places there are is looked
    /// up only then.
    static func sweepOnce(root: String, places: () -> [ControlGroupPlace], logger: Logger) {
        guard swept.withLock({ $0.insert(root).inserted }) else { return }
        let count = sweep(root: root, places: places())
        if count > 0 { logger.info("what dead hosts had left was removed", metadata: ["things": "\(count)"]) }
    }

    /// - Returns: how many folders and groups were removed.
    static func sweep(root: String, places: [ControlGroupPlace]) -> Int {
        var count = 0
        for place in places {
            for name in SmallFile.names(in: place.folder) where ControlGroup.isName(name) {
                if removeGroup(place.folder + "/" + name) { count += 1 }
            }
        }
        for name in SmallFile.names(in: root) where WorkingFolder.isName(name) {
            guard let folder = WorkingFolder.abandoned(at: root + "/" + name) else { continue }
            let processes = SessionProcesses(socketPath: folder.socket, leader: nil)
            killAll { processes.kill() }
            folder.remove()
            count += 1
        }
        return count
    }

    private static func removeGroup(_ path: String) -> Bool {
        guard let lock = FolderLock.take(path) else { return false }
        defer { lock.release() }
        killAll { killMembers(of: path) }
        return ControlGroup.removeFolder(path) == nil
    }

    /// Kills what is in the group and in those below it.
    private static func killMembers(of path: String) -> Int {
        var count = 0
        for line in SmallFile.text(path + "/cgroup.procs", bytesMax: 4 << 20).split(separator: "\n") {
            guard let id = pid_t(line), id > 0, ProcessStatus(of: id)?.isAlive == true else { continue }
            kill(id, SIGKILL)
            count += 1
        }
        for name in SmallFile.names(in: path) {
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            count += killMembers(of: path + "/" + name)
        }
        return count
    }

    private static func killAll(_ kill: () -> Int) {
        for _ in 0..<killTriesMax {
            if kill() == 0 { return }
            usleep(2000)
        }
    }
}
