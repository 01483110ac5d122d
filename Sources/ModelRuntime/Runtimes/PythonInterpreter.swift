import Foundation
import Strata

/// Finds the Python that runs models.
enum PythonInterpreter {
    /// Name of the environment variable that names an interpreter.
    static let variable = "STRATA_PYTHON"

    /// Answers `configured`, else the variable's value, else `.venv/bin/python3` in the current folder or the nearest
    /// one above it, else `python3` in `PATH`. Links are kept: a virtual environment is known by its path. Blocks.
    ///
    /// - Throws: `ExecutionFailure.invalidExecutableFile` when there is none or the named one cannot be run.
    static func find(_ configured: String?) throws -> String {
        let variables = ProcessInfo.processInfo.environment
        if let named = configured ?? variables[variable] {
            let path = named.hasPrefix("/") ? named : FileManager.default.currentDirectoryPath + "/" + named
            guard Executables.isExecutable(path) else {
                throw ExecutionFailure.invalidExecutableFile(
                    reason: "the Python interpreter \(path) does not exist or is not executable; "
                        + "set pythonPath or \(variable) to one that is")
            }
            return path
        }
        if let path = inVirtualEnvironment(above: FileManager.default.currentDirectoryPath) { return path }
        if let path = Executables.find("python3", in: variables["PATH"] ?? "") { return path }
        throw ExecutionFailure.invalidExecutableFile(
            reason: "found no Python: no .venv/bin/python3 in the current folder or above and no python3 in PATH; "
                + "install Python 3.10 or later or set \(variable)")
    }

    /// What to do when the process at `path` ended before it connected, nil when its output shows another reason.
    static func remedy(for standardError: CapturedOutput, path: String) -> String? {
        let text = standardError.text
        let missing = ["decthings_model", "decthings_api"].first {
            text.contains("No module named \($0)") || text.contains("No module named '\($0)'")
        }
        guard let missing else { return nil }
        return "the Python interpreter \(path) has no module \(missing); run `\(path) -m pip install decthings-model`, "
            + "or set \(variable) to an interpreter that has it"
    }

    private static func inVirtualEnvironment(above folder: String) -> String? {
        var folder = URL(fileURLWithPath: folder, isDirectory: true).standardizedFileURL.path
        while true {
            let path = (folder == "/" ? "" : folder) + "/.venv/bin/python3"
            if Executables.isExecutable(path) { return path }
            if folder == "/" || folder.isEmpty { return nil }
            folder = (folder as NSString).deletingLastPathComponent
        }
    }
}
