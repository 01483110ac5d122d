import Glibc

/// The local file system.
public struct LocalDisk: StoreDisk {
    public init() {}

    public func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .readWrite: O_RDWR | O_CREAT
            }
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("open", path) }
        return LocalFile(descriptor: descriptor, path: path)
    }

    public func link(_ path: String, to newPath: String) throws(ContentError) {
        guard Glibc.link(path, newPath) == 0 else { throw .system("link", newPath) }
    }

    public func rename(_ path: String, to newPath: String) throws(ContentError) {
        guard Glibc.rename(path, newPath) == 0 else { throw .system("rename", newPath) }
    }

    public func remove(_ path: String) throws(ContentError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system("remove", path) }
    }

    public func createDirectory(_ path: String) throws(ContentError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .system("create folder", path) }
    }

    public func removeDirectory(_ path: String) throws(ContentError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system("remove folder", path) }
    }

    /// Where an entry's name begins. The entry itself must not be copied: it ends with its name, often before the
    /// 256 bytes that the type has, and behind the last one lies memory that is not ours.
    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!

    public func list(_ path: String) throws(ContentError) -> [String] {
        guard let folder = opendir(path) else { throw .system("list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw .system("list", path) }
                return names
            }
            let name = String(cString: (UnsafeRawPointer(entry) + Self.nameOffset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
    }

    public func status(_ path: String) throws(ContentError) -> FileStatus? {
        var result = stat()
        if stat(path, &result) == 0 { return FileStatus(result) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system("look at", path)
    }

    public func syncDirectory(_ path: String) throws(ContentError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("sync", path) }
    }
}

final class LocalFile: DiskFile {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("read", path)
            }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write", path)
            }
            guard count > 0 else {
                throw ContentError(.io, "cannot write `\(path)`: the system took none of \(bytes.count - done) bytes", path: path)
            }
            done += count
        }
    }

    func sync() throws(ContentError) {
        guard fdatasync(descriptor) == 0 else { throw .system("sync", path) }
    }

    func status() throws(ContentError) -> FileStatus {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw .system("look at", path) }
        return FileStatus(result)
    }

    func tryLock() throws(ContentError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .system("lock", path) }
        }
        return true
    }

    /// A shared lock of the byte at `number`, which belongs to the open file (fcntl(2), "Open file description locks").
    func mark(_ number: Int64) throws(ContentError) {
        var lock = flock(l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: off_t(number), l_len: 1, l_pid: 0)
        guard fcntl(descriptor, OpenFileLock.set, &lock) == 0 else { throw .system("lock a byte of", path) }
    }

    func lowestMark() throws(ContentError) -> Int64? {
        var lowest: Int64?
        while lowest != 0 {
            // Length 0 is: to the end. The answer is any lock that stands in the way, so what lies before it is asked next.
            var lock = flock(
                l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: off_t(lowest ?? 0), l_pid: 0)
            guard fcntl(descriptor, OpenFileLock.get, &lock) == 0 else { throw .system("look at the locks of", path) }
            if lock.l_type == Int16(F_UNLCK) { break }
            lowest = Int64(lock.l_start)
        }
        return lowest
    }
}

/// Linux's commands for locks that belong to an open file (`F_OFD_…` of include/uapi/asm-generic/fcntl.h), which Glibc's module
/// leaves out.
private enum OpenFileLock {
    static let get: Int32 = 36
    static let set: Int32 = 37
}

extension FileStatus {
    init(_ status: stat) {
        self.init(
            sizeBytes: Int64(status.st_size), isDirectory: status.st_mode & S_IFMT == S_IFDIR,
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}
