import Glibc

/// What isolated code sees, as arguments of `bwrap`.
///
/// | place | what is there |
/// |---|---|
/// | `/usr`, `/bin`, `/lib`…, parts of `/etc` | the host's, read-only |
/// | interpreter, packages, `readablePaths` | the host's, read-only, wherever they lie |
/// | the session's folder: `model/`, `mounts/`, socket | read-only, at the same paths as outside |
/// | the session's `home/`, `tmp/` | writable, on disk |
/// | `/tmp`, `/dev/shm` | writable, in memory |
/// | `/proc` | its own processes |
/// | everything else | is not there |
struct IsolationPlan: Sendable {
    let bubblewrap: Bubblewrap
    let folder: WorkingFolder
    let readable: ReadablePaths
    let network: ProcessExecutor.Configuration.Confinement.Network
    /// Size of each filesystem in memory; nil: half of the machine's memory, as the kernel has it.
    let memoryBytes: Int64?

    /// Everything before the program. Blocks: looks at the session's folder.
    var arguments: [String] {
        var arguments = Self.namespaces(bubblewrap, network)
        arguments += Self.system(network)
        arguments += Self.inMemory("/dev/shm", memoryBytes, bubblewrap)
        for path in readable.devices { arguments += ["--dev-bind-try", path, path] }
        arguments += ["--remount-ro", "/dev"]
        arguments += Self.inMemory("/tmp", memoryBytes, bubblewrap)
        for path in readable.paths { arguments += ["--ro-bind-try", path, path] }
        for link in readable.links { arguments += ["--symlink", link.target, link.path] }
        // A root of its own, so that nothing can be put beside what is bound into it.
        arguments += Self.inMemory(folder.path, 4096, bubblewrap)
        // Whatever the host has put there for the program, but not the host's own lock.
        for name in SmallFile.names(in: folder.path).sorted() {
            let path = folder.path + "/" + name
            if path == WorkingFolder.lockFile(in: folder.path) { continue }
            arguments += [[folder.home, folder.temporary].contains(path) ? "--bind" : "--ro-bind", path, path]
        }
        arguments += ["--remount-ro", folder.path, "--remount-ro", "/", "--chdir", folder.model, "--"]
        return arguments
    }

    /// The same machinery with nothing in it, to see whether it works here.
    static func trial(_ bubblewrap: Bubblewrap) -> [String] {
        namespaces(bubblewrap, .none) + system(.none) + inMemory("/dev/shm", 1 << 20, bubblewrap)
            + ["--remount-ro", "/dev", "--remount-ro", "/", "--"]
    }

    private static func namespaces(
        _ bubblewrap: Bubblewrap, _ network: ProcessExecutor.Configuration.Confinement.Network
    ) -> [String] {
        var arguments = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        arguments += ["--hostname", "model", "--cap-drop", "ALL"]
        if network == .none { arguments.append("--unshare-net") }
        if bubblewrap.isolatesUsers { arguments.append("--unshare-user") }
        if bubblewrap.forbidsNamespaces { arguments.append("--disable-userns") }
        return arguments
    }

    private static func system(_ network: ProcessExecutor.Configuration.Confinement.Network) -> [String] {
        var arguments = ["--ro-bind", "/usr", "/usr"]
        for path in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            if let target = ReadablePaths.target(ofLink: path) {
                arguments += ["--symlink", target, path]
            } else {
                arguments += ["--ro-bind-try", path, path]
            }
        }
        var files = [
            "alternatives", "ca-certificates", "ca-certificates.conf", "fonts", "group", "ld.so.cache", "ld.so.conf",
            "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "passwd", "pki", "protocols", "services", "ssl",
        ]
        if network == .host { files += ["hosts", "host.conf", "resolv.conf", "gai.conf"] }
        for file in files { arguments += ["--ro-bind-try", "/etc/" + file, "/etc/" + file] }
        arguments += ["--proc", "/proc", "--dev", "/dev"]
        // Root may write to these even without capabilities, and through them run programs on the host.
        for name in ["sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"] where access("/proc/" + name, F_OK) == 0 {
            arguments += ["--ro-bind-try", "/proc/" + name, "/proc/" + name]
        }
        return arguments
    }

    private static func inMemory(_ path: String, _ bytes: Int64?, _ bubblewrap: Bubblewrap) -> [String] {
        let size = bubblewrap.limitsSizes ? bytes.map { ["--size", "\(max(4096, $0))"] } ?? [] : []
        return size + ["--tmpfs", path]
    }

    /// Bytes in the filesystems in memory that the process `id` sees. Blocks.
    static func memoryBytes(seenBy id: pid_t) -> Int64 {
        ["/tmp", "/dev/shm"].reduce(0) { sum, path in
            var status = statvfs()
            var inside = stat(), outside = stat()
            guard statvfs("/proc/\(id)/root" + path, &status) == 0, stat("/proc/\(id)/root" + path, &inside) == 0 else { return sum }
            // Until the process has its own root, these are the host's.
            if stat(path, &outside) == 0, inside.st_dev == outside.st_dev { return sum }
            return sum + Int64(status.f_blocks - status.f_bfree) * Int64(status.f_frsize)
        }
    }
}
