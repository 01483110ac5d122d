import ArgumentParser
import Catalog
import Foundation
import Strata

/// Makes a store of many states and prints the id of their model.
struct ScaleFill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill", abstract: "Makes a store whose one model has many states without bytes, and a few real ones.")

    @Argument(help: "The store's folder; there must be none yet.") var path: String
    @Option(help: "How many states.") var states: Int
    @Option(help: "Chunks of each state.") var chunks = 10

    func run() async throws {
        let store = try await StateStore.open(at: path)
        let model = try await store.createModel(named: "scale")
        try await store.close()
        let catalog = try Catalog.open(at: path + "/catalog.sqlite", mode: .existing, storeID: store.id)
        try await catalog.fill(with: BulkStates(modelID: model.id.rawValue, count: states, chunksPerState: chunks))
        try catalog.close()
        let filled = try await StateStore.open(at: path)
        for number in 0..<3 {
            let content = ScaleMeasure.content(1 << 20, seed: UInt64(number))
            try await filled.commitState(of: model.id, named: "real \(number)", options: StateOptions(makeActive: true)) {
                try await $0.write("weights", content)
            }
        }
        try await filled.close()
        print(model.id.rawValue)
    }
}
