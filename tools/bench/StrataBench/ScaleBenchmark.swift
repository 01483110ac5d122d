import ArgumentParser
import Foundation

/// How what a store does every day takes longer as the store grows. Nothing but counting should.
struct ScaleBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Times and memory of a store's operations as its states grow from 10⁴ to 10⁶.",
        discussion: """
            Each size is filled and then measured by processes of their own, so that memory and caches of one are not those \
            of another; the system's page cache stays warm. The states' bytes do not exist: only what reads none is measured \
            on them. 10⁶ states of 10 chunks take a few minutes and 5 GB of disk.
            """,
        subcommands: [ScaleRun.self, ScaleFill.self, ScaleMeasure.self], defaultSubcommand: ScaleRun.self)
}

/// Fills and measures every size and compares them.
struct ScaleRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Fills and measures every size.")

    @Option(parsing: .upToNextOption, help: "Numbers of states, ascending.") var states = [10_000, 100_000, 1_000_000]
    @Option(help: "Chunks of each state.") var chunks = 10
    @Option(help: "Where the stores are made; removed afterwards.") var folder: String?
    @Option(help: "The strata command, to measure as a process too.") var strata: String?
    @Flag(help: "Prints one JSON document.") var json = false

    func validate() throws {
        guard !states.isEmpty, states.allSatisfy({ (1000...100_000_000).contains($0) }), states == states.sorted() else {
            throw ValidationError("--states must be ascending numbers between 1000 and 100000000")
        }
        guard (1...4096).contains(chunks) else { throw ValidationError("--chunks must lie between 1 and 4096") }
    }

    func run() async throws {
        let base = (folder ?? NSTemporaryDirectory()) + "/strata-bench-scale-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: base) }
        var columns: [ScaleColumn] = []
        for count in states {
            let path = base + "/\(count).strata"
            let start = ContinuousClock.now
            let model = try output(of: "/proc/self/exe", ["scale", "fill", path, "--states", "\(count)", "--chunks", "\(chunks)"])
            let seconds = (ContinuousClock.now - start).seconds
            let name = String(decoding: model, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            FileHandle.standardError.write(Data("filled \(count) states in \(seconds.rounded(toPlaces: 1)) s\n".utf8))
            let measured = try output(of: "/proc/self/exe", ["scale", "measure", path, "--model", name])
            var column = try JSONDecoder().decode(ScaleColumn.self, from: measured)
            if let strata {
                let processes = [("process: model list", ["model", "list"]), ("process: state show", ["state", "show", name])]
                for (what, arguments) in processes {
                    let times = try (0..<5).map { _ in try milliseconds(strata, arguments + ["--store", path]) }
                    column.times.append(.init(name: what, milliseconds: times.median))
                }
            }
            columns.append(column)
            try FileManager.default.removeItem(atPath: path)
        }
        try ScaleReport(columns: columns).print(asJSON: json)
    }

    private func milliseconds(_ program: String, _ arguments: [String]) throws -> Double {
        let start = ContinuousClock.now
        _ = try output(of: program, arguments)
        return (ContinuousClock.now - start).seconds * 1000
    }

    private func output(of program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        // A child would see itself there.
        process.executableURL = URL(filePath: program).resolvingSymlinksInPath()
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ValidationError("`\(program) \(arguments.joined(separator: " "))` ended with \(process.terminationStatus)")
        }
        return output
    }
}
