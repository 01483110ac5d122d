import ArgumentParser
import Foundation
import Strata
import StrataTesting

/// Reads states and snapshots of all models and holds every byte against what its name says.
struct ReaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reader", shouldDisplay: false)

    @Argument var store: String
    @Option var seed: UInt64
    @Option var seconds = 3600.0

    func run() async throws {
        try await Role.run("reader") {
            ProcessContents.prepare()
            let store = try await StateStore.open(at: self.store, .readOnly)
            Role.tellOpened()
            var generator = SeededGenerator(seed: seed)
            let end = ContinuousClock.now + .seconds(seconds)
            var count = 0
            while ContinuousClock.now < end {
                let models = try await store.models(limit: 100).items
                guard let model = models.randomElement(using: &generator) else { continue }
                let states = try await store.states(of: model.id, limit: 100).items
                guard let state = states.filter({ ProcessContents(stateName: $0.name) != nil }).randomElement(using: &generator) else { continue }
                count += try await Self.wasRead(state, in: store) ? 1 : 0
            }
            try await store.close()
            print("reader: \(count) states read whole")
        }
    }

    /// False when the state was deleted meanwhile.
    private static func wasRead(_ state: State, in store: StateStore) async throws -> Bool {
        do {
            try await ProcessContents.check(state, in: store)
            return true
        } catch let error as StrataError where error.code == .stateNotFound {
            return false
        }
    }
}
