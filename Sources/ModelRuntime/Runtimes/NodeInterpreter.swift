import Foundation
import Strata

/// Finds the Node that runs JavaScript models, and the runtime that it runs them with.
struct NodeInterpreter {
    let path: String
    /// The script `decthings-model-node` of the npm package `@decthings/model`.
    let runtimePath: String

    /// Name of the runtime's script in `PATH`.
    static let runtimeName = "decthings-model-node"

    /// File in a session's folder that is loaded before the runtime.
    static let preload = "preload.cjs"

    /// The runtime reads an item whole from its stream, whose buffer holds 16 KiB unless told otherwise: anything larger
    /// ends it silently (spec: runtime-ipc.md section 9).
    static let preloadText = "require('stream').setDefaultHighWaterMark(false, 2 ** 31 - 1)\n"

    /// Looks for both in the configured places, else in the search path. Blocks.
    ///
    /// - Throws: `ExecutionFailure.invalidExecutableFile` that names what is missing.
    static func find(_ configuration: ProcessExecutor.Configuration) throws -> NodeInterpreter {
        guard let path = configuration.nodePath ?? Executables.find("node", in: configuration.searchPath),
            Executables.isExecutable(path)
        else {
            throw ExecutionFailure.invalidExecutableFile(
                reason: "found no Node: \(configuration.nodePath ?? "`node` in PATH") is not there; install Node 20 or later or set nodePath")
        }
        guard let runtime = configuration.nodeRuntimePath ?? find(runtimeName, in: configuration.searchPath),
            FileManager.default.isReadableFile(atPath: runtime)
        else {
            throw ExecutionFailure.invalidExecutableFile(
                reason: "found no runtime for JavaScript: \(configuration.nodeRuntimePath ?? "`\(runtimeName)` in PATH") is not there; "
                    + "install the npm package of that command or set nodeRuntimePath")
        }
        return NodeInterpreter(path: path, runtimePath: URL(fileURLWithPath: runtime).resolvingSymlinksInPath().path)
    }

    private static func find(_ name: String, in searchPath: String) -> String? {
        searchPath.split(separator: ":").lazy.map { "\($0)/\(name)" }.first { FileManager.default.isReadableFile(atPath: $0) }
    }
}
