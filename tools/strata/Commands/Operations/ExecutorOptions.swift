import ArgumentParser
import ModelRuntime

/// How this machine runs models' code.
struct ExecutorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The Python that runs models. (default: $STRATA_PYTHON, else .venv/bin/python3 here or above, else python3)",
            valueName: "path"))
    var python: String?

    @Flag(help: "Run no code that cannot be isolated (see `strata doctor`).")
    var requireIsolation = false

    @Flag(help: "Let isolated code use this machine's network.")
    var allowNetwork = false

    @Option(help: ArgumentHelp("Cores for all models together. (default: this machine's)", valueName: "cores"))
    var capacityCpus: Double?

    @Option(help: ArgumentHelp("Memory for all models together. (default: this machine's)", valueName: "MiB"))
    var capacityMebibytes: Int?

    func validate() throws {
        if let capacityCpus, !(capacityCpus > 0) { throw ValidationError("--capacity-cpus is \(capacityCpus); give more than 0.") }
        if let capacityMebibytes, capacityMebibytes < 1 { throw ValidationError("--capacity-mebibytes is \(capacityMebibytes); the least is 1.") }
    }

    func configuration() -> ProcessExecutor.Configuration {
        var configuration = ProcessExecutor.Configuration()
        configuration.pythonPath = python
        if requireIsolation { configuration.confinement.isolation = .required }
        if allowNetwork { configuration.confinement.network = .host }
        configuration.capacity.cpus = capacityCpus ?? configuration.capacity.cpus
        configuration.capacity.memoryMebibytes = capacityMebibytes ?? configuration.capacity.memoryMebibytes
        return configuration
    }
}
