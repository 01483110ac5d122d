import Glibc

/// Finds the processes that belong to a model session, whatever they did to get away.
///
/// A process belongs when it is in the session that the model's process leads, or when the environment that it was
/// started with names the session's socket. A process that left the session and was started with another environment is
/// not found. Reads `/proc`: a few system calls for each process of the machine.
struct SessionProcesses: Sendable {
    /// The socket's path, unique to the session.
    let socketPath: String
    /// Id of the session's leader, nil before it was started.
    let leader: pid_t?

    /// Where an entry's name begins. The entry itself must not be copied: it ends with its name, often before the
    /// 256 bytes that the type has, and behind the last one lies memory that is not ours.
    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!

    /// Ids of all that still run.
    func find() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        let marker = Array("IPC_PATH=\(socketPath)".utf8)
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = String(cString: (UnsafeRawPointer(entry) + Self.nameOffset).assumingMemoryBound(to: CChar.self))
            guard let id = pid_t(name), id != getpid(), belongs(id, marker) else { continue }
            found.append(id)
        }
        return found
    }

    /// Kills all that still run.
    ///
    /// - Returns: how many were found.
    func kill() -> Int {
        let found = find()
        for id in found { _ = Glibc.kill(id, SIGKILL) }
        return found.count
    }

    private func belongs(_ id: pid_t, _ marker: [UInt8]) -> Bool {
        guard let (state, session) = Self.status(of: id), !"ZX".contains(state) else { return false }
        if let leader, session == leader { return true }
        return Self.contents(of: "/proc/\(id)/environ", bytesMax: 4 << 20).split(separator: 0)
            .contains { $0.elementsEqual(marker) }
    }

    /// State letter and session id. The name of the program may hold anything, but the last `)` ends it.
    private static func status(of id: pid_t) -> (state: Character, session: pid_t)? {
        let text = String(decoding: contents(of: "/proc/\(id)/stat", bytesMax: 4096), as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count >= 4, let state = fields[0].first, let session = pid_t(fields[3]) else { return nil }
        return (state, session)
    }

    private static func contents(of path: String, bytesMax: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < bytesMax {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }
}
