import ArgumentParser
import Foundation
import Strata
import StrataTesting

/// Rounds of: start processes, kill them at random moments, open what is left and look at everything.
struct CampaignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Kills writers, readers and a collector, which compacts too, at random moments; the default.")

    @Option(help: "How often all processes are killed.") var rounds = 1000
    @Option(help: "Repeats a run: the same choices, though never the same moments.") var seed: UInt64?
    @Option(help: "Writers; each has a model of its own.") var writers = 3
    @Option(help: "Readers.") var readers = 2
    @Option(help: "The longest that a round's processes live, in milliseconds.") var lifeMaxMilliseconds = 500
    @Option(help: "Where the store is made; removed when nothing was wrong.") var folder: String?

    func validate() throws {
        guard rounds > 0, writers > 0, readers >= 0, lifeMaxMilliseconds > 0 else {
            throw ValidationError("rounds, writers and the life's bound are positive numbers")
        }
    }

    func run() async throws {
        let seed = self.seed ?? .random(in: 0...UInt64.max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let folder = (self.folder ?? NSTemporaryDirectory()) + "/strata-crash-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        ProcessContents.prepare()
        var arena = try await Arena.make(in: folder, writers: writers)
        var kills = 0
        for round in 1...rounds {
            let complaints = try await Self.live(arena, self, &generator, kills: &kills)
            let isLast = round == rounds
            let wrong = complaints + (try await arena.inspect(wholly: round % 20 == 0 || isLast))
            guard wrong.isEmpty else {
                for sentence in wrong { print("round \(round): \(sentence)") }
                print("seed \(seed); the store is left in \(folder)")
                throw ExitCode(1)
            }
            if round % 50 == 0 || isLast {
                print("\(round) rounds, \(kills) processes killed, \(arena.acknowledgedCount) changes acknowledged, none lost")
                fflush(nil)
            }
        }
        guard arena.acknowledgedCount >= rounds else {
            print("only \(arena.acknowledgedCount) changes were acknowledged in \(rounds) rounds: that proves nothing; let the processes live longer")
            throw ExitCode(1)
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Starts all, lets them live a while, kills them one after another; in one round of six while they open the store.
    private static func live(
        _ arena: Arena, _ plan: CampaignCommand, _ generator: inout SeededGenerator, kills: inout Int
    ) async throws -> [String] {
        var children: [Child] = []
        for number in 0..<plan.writers { children.append(try arena.writer(number, seed: generator.next())) }
        for _ in 0..<plan.readers { children.append(try arena.reader(seed: generator.next())) }
        children.append(try arena.collector(seed: generator.next()))
        children.shuffle(using: &generator)
        // Half of the rounds kill all at about the same time, the others let some live on.
        let isSudden = Bool.random(using: &generator)
        if Int.random(in: 0..<6, using: &generator) > 0 {
            for child in children { await child.opened() }
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: 5...plan.lifeMaxMilliseconds, using: &generator)))
        for child in children {
            if !isSudden { try await Task.sleep(for: .milliseconds(Int.random(in: 0...plan.lifeMaxMilliseconds / 8, using: &generator))) }
            child.kill()
            kills += 1
        }
        return children.compactMap { $0.complaint() }
    }
}
