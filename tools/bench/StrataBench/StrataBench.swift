import ArgumentParser

/// Measures the store. Figures go to standard output, one JSON document with `--json`.
@main
struct StrataBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures the store; build it in release.",
        subcommands: [
            MicroBenchmark.self, IngestBenchmark.self, CommitBenchmark.self, MemoryBenchmark.self, ScaleBenchmark.self,
            CollectBenchmark.self, ExecutionBenchmark.self, StreamBenchmark.self,
        ])
}
