import ArgumentParser
import Foundation
import Strata
import StrataTesting

/// Commits, deletes and takes snapshots in a model of its own, at random, until it is killed or its time is over.
struct WriterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "writer", shouldDisplay: false)

    @Argument var store: String
    @Argument var model: String
    @Argument var journal: String
    @Option var seed: UInt64
    @Option var seconds = 3600.0

    /// Different contents; few, so that what one writer deletes another one writes again.
    private static let contentsMax: UInt64 = 24
    private static let statesMax = 10

    func run() async throws {
        try await Role.run("writer") {
            ProcessContents.prepare()
            let store = try await StateStore.open(at: self.store)
            Role.tellOpened()
            let model = try Role.model(self.model)
            let worker = Worker(store: store, model: model, journal: JournalWriter(path: journal))
            var generator = SeededGenerator(seed: seed)
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end { try await worker.step(&generator, contentsMax: Self.contentsMax, statesMax: Self.statesMax) }
            try await store.close()
        }
    }
}

private struct Worker {
    let store: StateStore
    let model: ModelID
    let journal: JournalWriter

    func step(_ generator: inout SeededGenerator, contentsMax: UInt64, statesMax: Int) async throws {
        let states = try await store.states(of: model, limit: 100).items.filter { ProcessContents(stateName: $0.name) != nil }
        let choice = Int.random(in: 0..<100, using: &generator)
        let contents = ProcessContents(
            seed: generator.next() % contentsMax,
            sizeBytes: [1000, 30_000, 200_000, 700_000].randomElement(using: &generator)!)
        if states.count >= statesMax || (choice < 20 && states.count > 1) {
            let idle = states.filter { !$0.isActive }
            guard let victim = idle.randomElement(using: &generator) else { return }
            try await delete(victim)
        } else if choice < 30, let old = states.first(where: { !$0.isActive }) {
            try await replace(old, by: contents)
        } else if choice < 38 {
            guard let active = states.first(where: { $0.isActive }) else { return }
            try await snapshot(active, named: "s\(generator.next())")
        } else {
            try await commit(contents, StateOptions(makeActive: choice > 85))
        }
    }

    private func commit(_ contents: ProcessContents, _ options: StateOptions) async throws {
        let id = options.stateID.rawValue
        journal.append(JournalEntry(.commit, .begun, id, contents.stateName))
        guard try await wasDone({
            _ = try await store.commitState(of: model, named: contents.stateName, options: options) { try await contents.write(to: $0) }
        }) else { return }
        journal.append(JournalEntry(.commit, .done, id))
    }

    /// A new active state, and an old one that goes in the same transaction.
    private func replace(_ old: State, by contents: ProcessContents) async throws {
        journal.append(JournalEntry(.delete, .begun, old.id.rawValue))
        let options = StateOptions(makeActive: true, deleteStates: [old.id])
        journal.append(JournalEntry(.commit, .begun, options.stateID.rawValue, contents.stateName))
        guard try await wasDone({
            _ = try await store.commitState(of: model, named: contents.stateName, options: options) { try await contents.write(to: $0) }
        }) else { return }
        journal.append(JournalEntry(.commit, .done, options.stateID.rawValue))
        journal.append(JournalEntry(.delete, .done, old.id.rawValue))
    }

    private func delete(_ state: State) async throws {
        journal.append(JournalEntry(.delete, .begun, state.id.rawValue))
        try await store.deleteState(state.id, of: model)
        journal.append(JournalEntry(.delete, .done, state.id.rawValue))
    }

    /// The model has no other writer: its active state stays what it was.
    private func snapshot(_ active: State, named name: String) async throws {
        let old = try await store.snapshots(of: model).items
        if old.count >= 3, let victim = old.first {
            journal.append(JournalEntry(.unsnapshot, .begun, victim.name))
            try await store.deleteSnapshot(victim.id, of: model)
            journal.append(JournalEntry(.unsnapshot, .done, victim.name))
        }
        journal.append(JournalEntry(.snapshot, .begun, name, active.id.rawValue))
        _ = try await store.createSnapshot(of: model, named: name)
        journal.append(JournalEntry(.snapshot, .done, name))
    }

    /// False when the store refused cleanly: a chunk was collected before the commit could name it.
    private func wasDone(_ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return true
        } catch let error as StrataError where error.code == .conflict {
            return false
        }
    }
}
