import Logging
import Strata

/// The bounds that all processes of one launcher share. Close it when its last session is closed.
final class LauncherConfinement: Sendable {
    let spec: LauncherSpec
    private let configuration: ProcessExecutor.Configuration
    private let logger: Logger

    /// Blocks.
    init(spec: LauncherSpec, configuration: ProcessExecutor.Configuration, logger: Logger) throws {
        self.spec = spec
        self.configuration = configuration
        self.logger = logger
    }

    /// Makes what confines one model's processes. Blocks.
    func session(in folder: WorkingFolder) throws -> SessionConfinement {
        SessionConfinement(folder: folder, configuration: configuration, logger: logger)
    }

    /// False when what holds the bounds was removed by somebody else. Blocks.
    func isIntact() -> Bool { true }

    /// What all sessions use together. Blocks.
    func usage() -> ResourceUsage? { nil }

    /// Blocks.
    func close() {}
}
