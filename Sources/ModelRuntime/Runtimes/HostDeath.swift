import Glibc

/// Makes a model's process die with its host, even when the host is killed and can clean nothing up.
///
/// The kernel has a switch for that (`PR_SET_PDEATHSIG`) which a process can only set for itself, after it was forked
/// and before it runs the model. The command `setpriv` of util-linux does just this and then becomes the program. The
/// signal goes to the model's first process only, not to its children. The kernel takes the end of the thread that
/// started the process for the host's: start it on a thread that lives as long as the host.
enum HostDeath {
    static let command = "setpriv"

    /// `request` by way of `setpriv`, or as it is where that command is not installed. Blocks: looks for a file.
    static func binding(_ request: SpawnRequest, searchPath: String) -> SpawnRequest {
        guard let path = Executables.find(command, in: searchPath + ":/usr/bin:/bin") else { return request }
        var bound = request
        bound.path = path
        bound.arguments = ["--pdeathsig", "KILL", "--", request.path] + request.arguments
        return bound
    }
}

/// Looking for programs.
enum Executables {
    /// The first executable file of that name in the folders of `searchPath`, which are separated by colons. Blocks.
    static func find(_ name: String, in searchPath: String) -> String? {
        searchPath.split(separator: ":").lazy.map { "\($0)/\(name)" }.first(where: isExecutable)
    }

    static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
