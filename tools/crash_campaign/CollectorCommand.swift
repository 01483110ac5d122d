import ArgumentParser
import Foundation
import Strata
import StrataTesting

/// Collects garbage, compacts and verifies, again and again, while others work.
struct CollectorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "collector", shouldDisplay: false)

    enum Work: String, CaseIterable, ExpressibleByArgument { case collect, compact, verify }

    @Argument var store: String
    @Option var seed: UInt64
    @Option var seconds = 3600.0
    /// Without it all kinds of work take turns at random.
    @Option var only: Work?

    func run() async throws {
        try await Role.run("collector") {
            let store = try await StateStore.open(at: self.store)
            Role.tellOpened()
            var generator = SeededGenerator(seed: seed)
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                let work = only ?? Work.allCases.randomElement(using: &generator)!
                try await Self.perform(work, in: store, using: &generator)
            }
            try await store.close()
        }
    }

    private static func perform(_ work: Work, in store: StateStore, using generator: inout SeededGenerator) async throws {
        switch work {
        case .collect: _ = try await store.collect()
        case .compact:
            // Bounds that move much, and at times everything.
            var options = CompactionOptions()
            options.wasteShareMax = [0, 0.1, 0.25].randomElement(using: &generator)!
            options.mergedPacksLeast = 2
            _ = try await store.compact(options)
        case .verify:
            let report = try await store.verify()
            guard report.damages.isEmpty else {
                throw StrataError(.corrupted, "\(report.damages.count) damages, the first: \(report.damages[0])")
            }
        }
    }
}
