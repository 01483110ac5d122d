import Glibc
import Strata

/// Whoever read standard output has closed it: nobody is interested in the rest.
struct BrokenPipe: Error {}

enum StandardOutput {
    /// A write of this size to a pipe that is ready does not block (PIPE_BUF).
    private static let pipeBytesMax = 4096

    /// Writes all of it, waiting for a slow reader in a way that cancellation ends.
    /// - Throws: `BrokenPipe`, `CancellationError`, `StrataError` (`no_space`, `io`).
    static func write(_ bytes: some Collection<UInt8>) async throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            try await Descriptor.wait(1, for: POLLOUT)
            let piece = isPipe ? rest.prefix(pipeBytesMax) : rest
            let count = piece.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                throw BrokenPipe()
            } else if errno != EINTR && errno != EAGAIN {
                throw failure("writing to standard output")
            }
        }
    }

    static func write(_ text: String) async throws { try await write(text.utf8) }

    private static let isPipe: Bool = {
        var status = stat()
        guard fstat(1, &status) == 0 else { return true }
        return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }()

    static func failure(_ what: String) -> StrataError {
        let reason = String(cString: strerror(errno))
        return StrataError(errno == ENOSPC || errno == EDQUOT ? .noSpace : .io, "\(what) failed: \(reason)")
    }
}

enum StandardError {
    static let isTerminal = isatty(2) == 1

    /// Best effort: where standard error is gone there is nobody to tell.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

enum Descriptor {
    /// Waits until a descriptor is ready, a fifth of a second at a time so that cancellation ends the wait.
    static func wait(_ descriptor: Int32, for events: Int32) async throws {
        while true {
            try Task.checkCancellation()
            var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if poll(&request, 1, 0) != 0 { return }
            let isReady = await withCheckedContinuation { continuation in
                BlockingWork.start {
                    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
                    continuation.resume(returning: poll(&request, 1, 200) != 0)
                }
            }
            if isReady { return }
        }
    }
}
