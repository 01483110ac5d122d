import Foundation
import Strata
import StrataTesting

/// The store that the processes work on, and what is known of it.
struct Arena {
    let path: String
    let folder: String
    private(set) var models: [ModelID] = []
    private var journals: [JournalReader] = []
    private var ledgers: [Ledger] = []

    /// Makes the store with a model for each writer.
    static func make(in folder: String, writers: Int) async throws -> Arena {
        var arena = Arena(path: folder + "/store.strata", folder: folder)
        let store = try await StateStore.open(at: arena.path)
        for number in 0..<writers {
            arena.models.append(try await store.createModel(named: "writer-\(number)").id)
            arena.journals.append(JournalReader(path: arena.journalPath(number)))
            arena.ledgers.append(Ledger())
        }
        try await store.close()
        return arena
    }

    func journalPath(_ writer: Int) -> String { folder + "/writer-\(writer).journal" }

    var acknowledgedCount: Int { ledgers.reduce(0) { $0 + $1.acknowledgedCount } }

    func writer(_ number: Int, seed: UInt64, seconds: Double? = nil) throws -> Child {
        try Child(["writer", path, models[number].rawValue, journalPath(number), "--seed", "\(seed)"] + Self.limit(seconds))
    }

    func reader(seed: UInt64, seconds: Double? = nil) throws -> Child {
        try Child(["reader", path, "--seed", "\(seed)"] + Self.limit(seconds))
    }

    func collector(seed: UInt64, only: String? = nil, seconds: Double? = nil) throws -> Child {
        try Child(["collector", path, "--seed", "\(seed)"] + (only.map { ["--only", $0] } ?? []) + Self.limit(seconds))
    }

    private static func limit(_ seconds: Double?) -> [String] { seconds.map { ["--seconds", "\($0)"] } ?? [] }

    /// Opens what the processes left and holds it against what they had been told; nobody else has the store open.
    ///
    /// - Parameter wholly: every byte, not only what was not looked at before.
    /// - Returns: what is wrong, in sentences.
    mutating func inspect(wholly: Bool) async throws -> [String] {
        var wrong: [String] = []
        let store = try await StateStore.open(at: path)
        for number in models.indices {
            for entry in journals[number].news() { ledgers[number].enter(entry) }
            let before = Set(ledgers[number].states.keys)
            let states = try await store.states(of: models[number], limit: 1000).items.filter { ProcessContents(stateName: $0.name) != nil }
            let found = Dictionary(uniqueKeysWithValues: states.map { ($0.id.rawValue, $0.name) })
            let snapshots = try await store.snapshots(of: models[number], limit: 1000).items
            let taken = Dictionary(uniqueKeysWithValues: snapshots.map { ($0.name, $0.stateName) })
            wrong += ledgers[number].settle(states: found, snapshots: taken).map { "writer-\(number): \($0)" }
            for state in states where wholly || !before.contains(state.id.rawValue) {
                do {
                    try await ProcessContents.check(state, in: store)
                } catch {
                    wrong.append("writer-\(number): state \(state.id) (\(state.name)): \(error)")
                }
            }
        }
        let report = try await store.verify()
        wrong += report.damages.map { "verify: \($0)" }
        if wholly { wrong += try leftovers(of: store) }
        try await store.close()
        return wrong
    }

    /// What the dead have left in staging: their folders must be gone, the one that is open now remains.
    private func leftovers(of store: StateStore) throws -> [String] {
        let staging = path + "/staging"
        let sessions = try FileManager.default.contentsOfDirectory(atPath: staging)
        guard sessions.count == 1 else { return ["staging holds \(sessions.count) sessions, one is open: \(sessions)"] }
        let files = try FileManager.default.contentsOfDirectory(atPath: staging + "/" + sessions[0])
        return files == ["lock"] ? [] : ["the only session's staging folder holds \(files)"]
    }
}
