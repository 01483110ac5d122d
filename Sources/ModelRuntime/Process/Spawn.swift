import Glibc

/// A program to start, and all that it gets.
struct SpawnRequest: Sendable {
    /// Absolute path.
    var path: String
    var arguments: [String]
    var environment: [String: String]
    var workingFolder: String
}

/// Starting a program failed; nothing runs.
struct SpawnError: Error, CustomStringConvertible {
    let path: String
    let code: Int32

    var description: String { "\(path) cannot be started: \(String(cString: strerror(code)))" }
}

extension SpawnRequest {
    /// Starts the program as the leader of a session and process group of its own, with no input, its output on the two
    /// descriptors, every other descriptor closed and all signals at their defaults.
    ///
    /// Blocks until the program is loaded. The caller must wait for the process.
    func spawn(standardOutput: Int32, standardError: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        try check(posix_spawn_file_actions_init(&actions))
        defer { posix_spawn_file_actions_destroy(&actions) }
        try check(posix_spawnattr_init(&attributes))
        defer { posix_spawnattr_destroy(&attributes) }

        try check(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0))
        try check(posix_spawn_file_actions_adddup2(&actions, standardOutput, 1))
        try check(posix_spawn_file_actions_adddup2(&actions, standardError, 2))
        try check(GNUSpawn.closeFrom?(&actions, 3) ?? ENOSYS)
        try check(GNUSpawn.changeFolder?(&actions, workingFolder) ?? ENOSYS)

        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        try check(posix_spawnattr_setsigmask(&attributes, &none))
        try check(posix_spawnattr_setsigdefault(&attributes, &all))
        let flags = GNUSpawn.setSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        try check(posix_spawnattr_setflags(&attributes, Int16(flags)))

        var id = pid_t()
        try withCStrings([path] + arguments) { arguments in
            try withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                try check(posix_spawn(&id, path, &actions, &attributes, arguments, environment))
            }
        }
        return id
    }

    private func check(_ code: Int32) throws {
        guard code == 0 else { throw SpawnError(path: path, code: code) }
    }
}

/// Calls `body` with a null-terminated array of C strings that live as long as the call.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> R) rethrows -> R {
    let pointers = strings.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    return try body(pointers + [nil])
}

/// What `posix_spawn` of glibc 2.34 and later can do, but hides from programs that do not ask for GNU extensions, which
/// Swift's module of glibc does not. Looked up by name therefore; nil in an older glibc.
private enum GNUSpawn {
    typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

    /// `POSIX_SPAWN_SETSID`: the process leads a session, and a process group, of its own.
    static let setSession: Int32 = 0x80

    static let closeFrom = lookUp(
        "posix_spawn_file_actions_addclosefrom_np", as: (@convention(c) (Actions, Int32) -> Int32).self)
    static let changeFolder = lookUp(
        "posix_spawn_file_actions_addchdir_np", as: (@convention(c) (Actions, UnsafePointer<CChar>) -> Int32).self)

    private static func lookUp<F>(_ name: String, as type: F.Type) -> F? {
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }
}
