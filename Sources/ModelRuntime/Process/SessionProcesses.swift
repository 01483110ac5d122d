import Glibc

/// Finds the processes that belong to a model session by what `/proc` tells.
///
/// A process belongs when it is in the session that the model's process leads, or when the environment that it was
/// started with names the session's socket. A process that left the session and was started with another environment is
/// not found; control groups and namespaces hold those. Costs a few system calls for each process of the machine.
struct SessionProcesses: Sendable {
    /// The socket's path, unique to the session.
    let socketPath: String
    /// Id of the session's leader, nil before it was started.
    let leader: pid_t?

    /// Ids of all that still run. Blocks.
    func find() -> [pid_t] {
        ProcessStatus.all().filter { $0.id != getpid() && belongs($0) }.map(\.id)
    }

    /// Kills all that still run. Blocks.
    ///
    /// - Returns: how many were found.
    func kill() -> Int {
        let found = find()
        for id in found { _ = Glibc.kill(id, SIGKILL) }
        return found.count
    }

    private func belongs(_ process: ProcessStatus) -> Bool {
        guard process.isAlive else { return false }
        if let leader, process.session == leader { return true }
        return Self.names(socketPath, process.id)
    }

    /// Whether the environment that the process was started with names this socket. Blocks.
    static func names(_ socketPath: String, _ id: pid_t) -> Bool {
        let marker = Array("IPC_PATH=\(socketPath)".utf8)
        return SmallFile.bytes("/proc/\(id)/environ", bytesMax: 4 << 20).split(separator: 0)
            .contains { $0.elementsEqual(marker) }
    }
}
