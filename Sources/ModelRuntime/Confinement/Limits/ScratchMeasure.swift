import Glibc

/// How much of the disk a session's scratch folders take.
struct ScratchMeasure: Sendable {
    /// The folders that the processes may write to.
    let folders: [String]

    /// Bytes of blocks in the folders, and of files that are deleted but still open in `processes`.
    ///
    /// Blocks: a few system calls for each file and each open descriptor.
    func bytes(openIn processes: [pid_t]) -> Int64 {
        var seen = Set<UInt64>()
        var devices = Set<UInt>()
        var sum: Int64 = 0
        for folder in folders {
            var status = stat()
            guard lstat(folder, &status) == 0 else { continue }
            devices.insert(UInt(status.st_dev))
            sum += Self.content(of: folder, &seen)
        }
        for process in processes { sum += Self.deletedFiles(of: process, on: devices, &seen) }
        return sum
    }

    private static func content(of root: String, _ seen: inout Set<UInt64>) -> Int64 {
        var sum: Int64 = 0
        // What vanishes while it is looked at takes nothing.
        _ = FolderWalk.run(root) { folder, _, name in
            var status = stat()
            guard fstatat(folder, name, &status, unfollowed) == 0 else { return .pass }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            // A file with several names takes its blocks once.
            guard isFolder || status.st_nlink < 2 || seen.insert(UInt64(status.st_ino)).inserted else { return .pass }
            sum += Int64(status.st_blocks) * 512
            return isFolder ? .enter : .pass
        }
        return sum
    }

    /// `AT_SYMLINK_NOFOLLOW`.
    private static let unfollowed: Int32 = 0x100

    private static func deletedFiles(of process: pid_t, on devices: Set<UInt>, _ seen: inout Set<UInt64>) -> Int64 {
        let folder = "/proc/\(process)/fd"
        return SmallFile.names(in: folder).reduce(0) { sum, name in
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 0,
                devices.contains(UInt(status.st_dev)), seen.insert(UInt64(status.st_ino)).inserted
            else { return sum }
            return sum + Int64(status.st_blocks) * 512
        }
    }
}
