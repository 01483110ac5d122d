import ArgumentParser
import DecthingsAPI
import ModelRuntime
import Strata

/// Options of commands that run model code.
struct RunOptions: ParsableArguments {
    @Option(
        name: .customLong("param"), parsing: .singleValue,
        help: ArgumentHelp("A parameter; may be repeated.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(help: ArgumentHelp("Cores. (default: the model's)", valueName: "cores"))
    var cpus: Double?

    @Option(help: ArgumentHelp("Memory. (default: the model's)", valueName: "MiB"))
    var memoryMebibytes: Int?

    @OptionGroup var execution: ExecutorOptions

    @Flag(help: "Show on standard error what the model printed.")
    var showOutput = false

    func validate() throws {
        for parameter in parameters { _ = try ParameterArgument(parsing: parameter) }
        if let cpus, !(cpus > 0) { throw ValidationError("--cpus is \(cpus); ask for more than 0.") }
        if let memoryMebibytes, memoryMebibytes < 1 { throw ValidationError("--memory-mebibytes is \(memoryMebibytes); the least is 1.") }
    }

    func inputs(declared: [Strata.ParameterDefinition], in store: StateStore) async throws -> [ParameterInput] {
        try await parameters.map { try ParameterArgument(parsing: $0) }.inputs(declared: declared, in: store)
    }

    /// A temporary launcher of this spec, changed as asked.
    func location(_ spec: Strata.LauncherSpec) -> Strata.ExecutionLocation {
        var spec = spec
        spec.cpus = cpus ?? spec.cpus
        spec.memoryMebibytes = memoryMebibytes ?? spec.memoryMebibytes
        return .temporaryLauncher(spec)
    }

    func executor(_ capture: OutputCapture) -> ProcessExecutor {
        var configuration = execution.configuration()
        configuration.receiveOutput = { capture.set($0) }
        return ProcessExecutor(configuration: configuration, logger: ToolLogger.make("strata.model-runtime"))
    }
}
