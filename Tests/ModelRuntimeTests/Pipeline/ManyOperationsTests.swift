import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// More operations than the machine has room for.
@Suite struct ManyOperationsTests {
    /// In a process of its own: other tests open descriptors too.
    @Test func ofTwoHundredCreationsAtOnceEachSucceedsOrIsRefusedAndNothingIsLeft() async {
        await #expect(processExitsWith: .success) { try await Self.runTwoHundred() }
    }

    private static func runTwoHundred() async throws {
        let configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { configuration in
            configuration.launchersMax = 8
            configuration.capacity = MachineCapacity(cpus: 8, memoryMebibytes: 8 * 512)
            configuration.waitingOperationsMax = 112
        }
        try await PipelineRun.with("conformance_executable", language: .rust, configure: configure) { run in
            let item = Item(elementType: "u8", shape: [4], bytes: [7, 1, 4, 1, 2, 3, 4])
            // What a first operation brings with it stays: pools, caches.
            _ = try await run.create([.inline(name: "key", items: [item])])
            let (descriptors, memory) = (Leftovers.descriptorCount(), Leftovers.residentBytes())
            let outcomes = try await withThrowingTaskGroup(of: CreateStateResult.self) { group in
                for _ in 0..<200 { group.addTask { try await run.create([.inline(name: "key", items: [item])]) } }
                return try await group.reduce(into: [CreateStateResult]()) { $0.append($1) }
            }
            let made = outcomes.compactMap { if case .success(let id, _) = $0 { id } else { nil } }
            let failures = outcomes.compactMap { if case .failed(let failure, _) = $0 { failure } else { nil } }
            #expect(Set(failures).isSubset(of: [.serverOverloaded]))
            #expect(outcomes.count == 200 && made.count >= 120)
            let states = try await run.store.states(of: run.model, limit: 300)
            #expect(Set(states.items.map(\.id)).isSuperset(of: made))
            #expect(states.total == made.count + 2, "the initial one and that of the first operation")
            #expect(Leftovers.descriptorCount() <= descriptors + 24, "three for each database connection of the pool")
            #expect(Leftovers.residentBytes() - memory < 256 << 20)
            print("\(made.count) made, \(failures.count) refused, \((Leftovers.residentBytes() - memory) >> 20) MiB more")
        }
    }
}
