import DecthingsAPI
import Glibc
import Strata

/// How the code of one language is run.
struct RuntimeProgram: Sendable {
    /// Name of the entry file in the model's folder.
    let entryFile: String
    /// The program to start; nil means the entry file itself.
    let interpreter: String?
    let arguments: [String]
    /// True when the process waits for the command `initialize`; a binary must not be sent it.
    let takesInitialize: Bool
    /// Beyond what every process gets.
    let environment: [String: String]
    /// How the runtime reads images, audio and video.
    let mediaLayout: MediaLayout

    /// Blocks: looks for files.
    ///
    /// - Throws: `ExecutionFailure.invalidExecutableFile` when nothing here can run the language.
    init(for language: Strata.ModelLanguage, _ configuration: ProcessExecutor.Configuration) throws {
        switch language {
        case .python:
            entryFile = "main.py"
            interpreter = try PythonInterpreter.find(configuration.pythonPath)
            arguments = configuration.pythonArguments + ["-m", "decthings_model"]
            takesInitialize = true
            environment = ["PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""]
            mediaLayout = .threeByteFormat
        case .javascript, .typescript:
            let node = try NodeInterpreter.find(configuration)
            entryFile = "index.js"
            interpreter = node.path
            arguments = configuration.nodeArguments + ["-r", NodeInterpreter.preload, node.runtimePath]
            takesInitialize = true
            environment = [:]
            mediaLayout = .lengthPrefixedFormat
        case .rust, .go:
            entryFile = "model"
            interpreter = nil
            arguments = []
            takesInitialize = false
            environment = [:]
            mediaLayout = .lengthPrefixedFormat
        }
    }

    /// Checks that the entry file in `folder` can be run. Blocks.
    ///
    /// - Throws: `ExecutionFailure`: `.readExecutableFileFailed` or `.invalidExecutableFile`.
    func checkEntryFile(in folder: String) throws {
        let path = folder + "/" + entryFile
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, R_OK) == 0, Self.allows(S_IRUSR, status) else {
            throw ExecutionFailure.readExecutableFileFailed(path: entryFile)
        }
        if interpreter == nil && (access(path, X_OK) != 0 || !Self.allows(S_IXUSR, status)) {
            throw ExecutionFailure.invalidExecutableFile(
                reason: "the file `\(entryFile)` is not executable; set its mode to 755")
        }
        if interpreter == nil && !Self.isProgram(path) {
            throw ExecutionFailure.invalidExecutableFile(
                reason: "the file `\(entryFile)` is neither an ELF program nor a script that begins with #!; "
                    + "build it for Linux")
        }
    }

    /// Whether a file's mode lets its owner do this. `access` lets root do more than isolated code can, which runs as the
    /// same user but without root's capabilities.
    private static func allows(_ right: mode_t, _ status: stat) -> Bool { status.st_uid != geteuid() || status.st_mode & right != 0 }

    /// True for what the kernel itself can load. Shells, and programs that fall back on one, would take anything.
    private static func isProgram(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var start = [UInt8](repeating: 0, count: 4)
        let count = read(descriptor, &start, start.count)
        let isELF = count == 4 && start == [0x7f, 0x45, 0x4c, 0x46]
        let isScript = count >= 2 && start.starts(with: [0x23, 0x21])
        return isELF || isScript
    }

    /// Everything to start the process with.
    func request(in folder: WorkingFolder, _ configuration: ProcessExecutor.Configuration) -> SpawnRequest {
        var environment = [
            "PATH": configuration.searchPath,
            "HOME": folder.home,
            "TMPDIR": folder.temporary,
            "LANG": "C.UTF-8",
            "IPC_PATH": folder.socket,
        ]
        environment.merge(self.environment) { $1 }
        // Absolute: a model may change its folder.
        if environment["PYTHONPATH"] != nil { environment["PYTHONPATH"] = folder.model + "/_modules" }
        return SpawnRequest(
            path: interpreter ?? folder.model + "/" + entryFile,
            arguments: arguments.map { $0 == NodeInterpreter.preload ? folder.path + "/" + $0 : $0 }, environment: environment,
            workingFolder: folder.model)
    }
}
