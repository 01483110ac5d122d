import Foundation
import Glibc
import Strata

/// The private folder of one model session; only this user may look into it.
///
/// ```
/// <root>/strata-XXXXXX/
///   model/        the code's files, and the process's working directory
///   mounts/<n>/   the files of mounted model n
///   home/ tmp/    scratch, the process's HOME and TMPDIR
///   preload.cjs   what Node loads before the runtime
///   s             socket
///   lock          held for as long as the host lives
/// ```
struct WorkingFolder: Sendable {
    let path: String
    private let lock: FolderLock?

    var model: String { path + "/model" }
    var mounts: String { path + "/mounts" }
    var home: String { path + "/home" }
    var temporary: String { path + "/tmp" }
    var preload: String { path + "/" + NodeInterpreter.preload }
    var socket: String { path + "/s" }

    /// A socket's path must be shorter than this, in bytes.
    static let socketPathBytesMax = 104
    /// What the path of a socket takes beside the root.
    static let socketNameBytes = "/\(nameTemplate)/s".utf8.count
    /// As `mkdtemp` wants it: the six letters are where it puts its own.
    private static let nameTemplate = "strata-XXXXXX"

    /// Makes a new folder below `root`, which is made when it is missing. Blocks.
    static func make(below root: String) throws -> WorkingFolder {
        // The process changes its folder, so all paths that it is told must be absolute.
        let root = root.hasPrefix("/") ? root : FileManager.default.currentDirectoryPath + "/" + root
        var template = Array((root + "/" + nameTemplate).utf8CString)
        let socketPathBytes = root.utf8.count + socketNameBytes
        guard socketPathBytes < socketPathBytesMax else {
            throw ExecutionFailure.unknown(
                reason: "the temporary root \(root) is too long: a socket's path in it takes \(socketPathBytes) bytes, "
                    + "it must be below \(socketPathBytesMax); configure a shorter one")
        }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        guard mkdtemp(&template) != nil else { throw failure("make a folder in", root, errno) }
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let lock = makeLock(path)
        let folder = WorkingFolder(path: path, lock: lock)
        do {
            if lock == nil { throw failure("lock a file in", path, errno) }
            for path in [folder.model, folder.mounts, folder.home, folder.temporary] { try makeFolder(path) }
            try Data(NodeInterpreter.preloadText.utf8).write(to: URL(fileURLWithPath: folder.preload))
        } catch {
            folder.remove()
            throw error
        }
        return folder
    }

    /// Makes the folder of mounted model `number`. Blocks.
    func makeMount(_ number: Int) throws -> String {
        let mount = mounts + "/\(number)"
        try Self.makeFolder(mount)
        return mount
    }

    /// Removes the folders of all mounted models. Blocks.
    func removeMounts() { _ = FolderWalk.removeContent(of: mounts) }

    /// Removes everything, however deep, links unfollowed, also from folders that the model closed to itself. The lock's
    /// file goes last: what a host leaves that is killed in here is still found by it. Blocks.
    ///
    /// - Returns: why something is left, nil when nothing is.
    @discardableResult
    func remove() -> (any Error)? {
        defer { lock?.release() }
        let code = FolderWalk.removeContent(of: path, keeping: Self.lockName)
        if code != 0 && code != ENOENT { return Self.failure("remove what is in", path, code) }
        unlink(Self.lockFile(in: path))
        return rmdir(path) == 0 || errno == ENOENT ? nil : Self.failure("remove", path, errno)
    }

    /// What the lock's file says, so that a folder of another's is not taken for one of these.
    static let mark = "This folder belongs to a session of a Strata model host, which holds a lock on this file.\n"

    /// Whether a session's folder could have this name.
    static func isName(_ name: String) -> Bool { name.hasPrefix("strata-") && name.utf8.count == nameTemplate.utf8.count }

    private static let lockName = "lock"

    static func lockFile(in path: String) -> String { path + "/" + lockName }

    /// The folder of a host that is dead. Blocks.
    ///
    /// - Returns: nil for anything else, with certainty: whoever can take the lock knows that the host is gone.
    static func abandoned(at path: String) -> WorkingFolder? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            let lock = FolderLock.take(lockFile(in: path)), SmallFile.text(lockFile(in: path), bytesMax: 4096) == mark
        else { return nil }
        return WorkingFolder(path: path, lock: lock)
    }

    /// The mark comes after the lock: without it nobody takes the folder for abandoned.
    private static func makeLock(_ path: String) -> FolderLock? {
        let file = lockFile(in: path)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        close(descriptor)
        for _ in 0..<lockTriesMax {
            // Another host that looks for rubbish holds the lock for a moment.
            guard let lock = FolderLock.take(file) else {
                usleep(1000)
                continue
            }
            return SmallFile.write(mark, to: file) == 0 ? lock : nil
        }
        return nil
    }

    private static let lockTriesMax = 1000

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else { throw failure("make", path, errno) }
    }

    private static func failure(_ action: String, _ path: String, _ code: Int32) -> ExecutionFailure {
        .unknown(reason: "the host cannot \(action) \(path): \(String(cString: strerror(code)))")
    }
}
