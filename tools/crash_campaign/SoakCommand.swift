import ArgumentParser
import Foundation
import Strata
import StrataTesting

/// Many processes on one store at once, none killed: no error, no torn read, nothing lost.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Writers, readers, a collector, a compactor and a verifier side by side; none is killed.")

    @Option(help: "How long they work.") var seconds = 60.0
    @Option var seed: UInt64?
    @Option var writers = 8
    @Option var readers = 4
    @Option(help: "Where the store is made; removed when nothing was wrong.") var folder: String?

    func run() async throws {
        let seed = self.seed ?? .random(in: 0...UInt64.max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let folder = (self.folder ?? NSTemporaryDirectory()) + "/strata-soak-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        ProcessContents.prepare()
        var arena = try await Arena.make(in: folder, writers: writers)
        var children: [Child] = []
        for number in 0..<writers { children.append(try arena.writer(number, seed: generator.next(), seconds: seconds)) }
        for _ in 0..<readers { children.append(try arena.reader(seed: generator.next(), seconds: seconds)) }
        for work in ["collect", "compact", "verify"] { children.append(try arena.collector(seed: generator.next(), only: work, seconds: seconds)) }
        let complaints = children.compactMap { $0.complaint() }
        let wrong = complaints + (try await arena.inspect(wholly: true))
        guard wrong.isEmpty else {
            for sentence in wrong { print(sentence) }
            print("seed \(seed); the store is left in \(folder)")
            throw ExitCode(1)
        }
        print("\(writers) writers, \(readers) readers, a collector, a compactor and a verifier for \(seconds) s: \(arena.acknowledgedCount) changes acknowledged, none lost")
        try FileManager.default.removeItem(atPath: folder)
    }
}
