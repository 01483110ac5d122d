import Glibc

/// Runs a program that ends soon and says little.
enum ShortCommand {
    /// Most bytes kept of what it writes.
    private static let bytesMax = 64 << 10
    private static let millisecondsMax: Int32 = 10_000

    struct Outcome: Sendable {
        let status: ExitStatus
        /// Standard output.
        let output: String
        /// Standard error.
        let problem: String
    }

    /// Runs it to its end; what says nothing for ten seconds is killed. Blocks.
    ///
    /// - Throws: `SpawnError`.
    static func run(_ path: String, _ arguments: [String], environment: [String: String]) throws -> Outcome {
        var ends: [[Int32]] = [[-1, -1], [-1, -1]]
        for index in ends.indices {
            guard pipe(&ends[index]) == 0 else {
                for end in ends.joined() where end >= 0 { close(end) }
                throw SpawnError(path: path, code: errno)
            }
            for end in ends[index] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        defer { for end in ends { close(end[0]) } }
        let request = SpawnRequest(path: path, arguments: arguments, environment: environment, workingFolder: "/")
        let id: pid_t
        do {
            defer { for end in ends { close(end[1]) } }
            id = try request.spawn(standardOutput: ends[0][1], standardError: ends[1][1])
        }
        let texts = read(ends.map { $0[0] }) { _ = kill(-id, SIGKILL) }
        return Outcome(status: wait(for: id), output: texts[0], problem: texts[1])
    }

    private static func read(_ descriptors: [Int32], whenLate: () -> Void) -> [String] {
        var texts = descriptors.map { _ in [UInt8]() }
        var open = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while open.contains(where: { $0.fd >= 0 }) {
            let ready = poll(&open, nfds_t(open.count), millisecondsMax)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else {
                whenLate()
                break
            }
            for index in open.indices where open[index].fd >= 0 && open[index].revents != 0 {
                let count = Glibc.read(open[index].fd, &buffer, buffer.count)
                if count <= 0 {
                    open[index].fd = -1
                } else if texts[index].count < bytesMax {
                    texts[index].append(contentsOf: buffer[..<count])
                }
            }
        }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func wait(for id: pid_t) -> ExitStatus {
        var status: Int32 = 0
        while waitpid(id, &status, 0) == -1 {
            if errno != EINTR { return .unknown }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }
}
