import Glibc
import Synchronization

/// A lock on a file or folder that lasts as long as this process or until it is released, whichever is shorter.
final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    /// Locks what is at `path`; nil when another holds it or it is gone. Blocks, but waits for nobody.
    static func take(_ path: String) -> FolderLock? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var held = stat(), named = stat()
        // What was locked may have been removed meanwhile: then the name is another's or nobody's.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &held) == 0, lstat(path, &named) == 0,
            held.st_ino == named.st_ino, held.st_dev == named.st_dev
        else {
            close(descriptor)
            return nil
        }
        return FolderLock(descriptor)
    }

    func release() {
        descriptor.withLock { open in
            if let descriptor = open { close(descriptor) }
            open = nil
        }
    }
}
