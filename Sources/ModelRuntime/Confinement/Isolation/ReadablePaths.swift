import Foundation
import Glibc
import Synchronization

/// What a program needs to read beside the system's folders: itself, its libraries, its packages.
struct ReadablePaths: Sendable, Hashable {
    struct Link: Sendable, Hashable {
        let path: String
        let target: String
    }

    /// Files and folders, none within another.
    private(set) var paths: [String] = []
    /// Devices that the program may use.
    let devices: [String]
    /// Links that lead to the program and lie in none of the folders.
    private(set) var links: [Link] = []

    /// Folders that isolated code sees in any case, or that are made anew for it.
    private static let covered = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/dev"]

    /// What `program` with `arguments` needs. Blocks.
    ///
    /// - Parameters:
    ///   - python: the folders that the interpreter named, empty for other programs.
    ///   - own: the session's folder, which is seen in any case.
    init(program: String, arguments: [String], python: [String], further: [String], own: String) {
        devices = further.filter { $0.hasPrefix("/dev/") }
        var wanted = further + python
        if python.isEmpty, !Self.lies(program, in: own) { wanted.append(Self.home(of: Self.resolved(program))) }
        for argument in arguments where argument.hasPrefix("/") && access(argument, F_OK) == 0 && !Self.lies(argument, in: own) {
            wanted.append(Self.packages(around: Self.resolved(argument)))
        }
        for path in wanted { add(path) }
        for path in [program] + arguments where path.hasPrefix("/") && !Self.lies(path, in: own) { addLinks(from: path) }
    }

    private mutating func add(_ path: String) {
        guard path.hasPrefix("/"), path != "/", !isSeen(path), access(path, F_OK) == 0 else { return }
        paths.removeAll { Self.lies($0, in: path) }
        paths.append(path)
    }

    private func isSeen(_ path: String) -> Bool { (Self.covered + paths).contains { Self.lies(path, in: $0) } }

    private mutating func addLinks(from path: String) {
        var path = path
        // As many hops as the kernel follows.
        for _ in 0..<40 {
            guard let target = Self.target(ofLink: path) else { return }
            if !isSeen(path), !links.contains(where: { $0.path == path }) { links.append(Link(path: path, target: target)) }
            path = target.hasPrefix("/") ? target : (path as NSString).deletingLastPathComponent + "/" + target
        }
    }

    /// The folder above `bin` where a program is installed with its libraries, else the program's own.
    private static func home(of program: String) -> String {
        let folder = (program as NSString).deletingLastPathComponent
        let above = (folder as NSString).deletingLastPathComponent
        let isInstalled = (folder as NSString).lastPathComponent == "bin" && access(above + "/lib", F_OK) == 0
        return isInstalled && above != "/" ? above : folder
    }

    /// The outermost `node_modules` that a script lies in, else its own folder; a folder is itself.
    private static func packages(around path: String) -> String {
        if let range = path.range(of: "/node_modules/") { return String(path[..<range.upperBound].dropLast()) }
        var status = stat()
        let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        return isFolder ? path : (path as NSString).deletingLastPathComponent
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }

    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What a symbolic link says; nil for anything else. Blocks.
    static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), 4096) }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

/// Where a Python interpreter has its libraries and packages: it is asked, since links, shims, virtual environments and
/// files that add to its path leave no other way to know.
struct PythonPlaces: Sendable {
    /// The interpreter itself, behind shims.
    let executable: String
    let folders: [String]

    private static let known = Mutex<[[String]: PythonPlaces]>([:])

    private static let script =
        "import sys as s; print('\\n'.join([s.executable, s.prefix, s.base_prefix, s.exec_prefix, s.base_exec_prefix] + s.path))"

    /// True for a program whose name is that of a Python.
    static func isPython(_ path: String) -> Bool { (path as NSString).lastPathComponent.hasPrefix("python") }

    /// Asks once in the life of this process. Blocks for about 20 ms the first time.
    ///
    /// - Parameter flags: those that the model's interpreter gets.
    /// - Returns: nil when the program does not answer as a Python does.
    static func ask(_ path: String, flags: [String], searchPath: String) -> PythonPlaces? {
        let key = [path, searchPath] + flags
        if let found = known.withLock({ $0[key] }) { return found }
        // No home, as models have none with packages in it.
        let environment = ["PATH": searchPath, "HOME": "/nonexistent", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"]
        guard let outcome = try? ShortCommand.run(path, flags + ["-c", script], environment: environment),
            outcome.status == .exited(0)
        else { return nil }
        let lines = outcome.output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("/") }
        guard lines.count >= 5 else { return nil }
        let found = PythonPlaces(executable: lines[0], folders: Array(lines.dropFirst()))
        known.withLock { $0[key] = found }
        return found
    }
}
