/// What a writer's model must hold, by its journal.
struct Ledger {
    /// Committed and acknowledged: id and name.
    private(set) var states: [String: String] = [:]
    /// Snapshots that were acknowledged: their name and the name of their state.
    private(set) var snapshots: [String: String] = [:]
    /// Begun and not acknowledged: they may have happened or not.
    private(set) var doubtfulCommits: [String: String] = [:]
    private(set) var doubtfulDeletions: Set<String> = []
    private(set) var doubtfulSnapshots: [String: String] = [:]
    private(set) var doubtfulUnsnapshots: Set<String> = []
    private(set) var acknowledgedCount = 0
    /// Names of states by id, deleted ones too: snapshots outlive them.
    private var names: [String: String] = [:]

    mutating func enter(_ entry: JournalEntry) {
        if entry.step == .done { acknowledgedCount += 1 }
        switch (entry.action, entry.step) {
        case (.commit, .begun):
            doubtfulCommits[entry.id] = entry.detail
            names[entry.id] = entry.detail
        case (.commit, .done): states[entry.id] = doubtfulCommits.removeValue(forKey: entry.id)
        case (.delete, .begun): doubtfulDeletions.insert(entry.id)
        case (.delete, .done):
            doubtfulDeletions.remove(entry.id)
            states[entry.id] = nil
        case (.snapshot, .begun): doubtfulSnapshots[entry.id] = names[entry.detail] ?? ""
        case (.snapshot, .done): snapshots[entry.id] = doubtfulSnapshots.removeValue(forKey: entry.id)
        case (.unsnapshot, .begun): doubtfulUnsnapshots.insert(entry.id)
        case (.unsnapshot, .done):
            doubtfulUnsnapshots.remove(entry.id)
            snapshots[entry.id] = nil
        }
    }

    /// What is wrong with what was found, in sentences; takes it for the truth where there was doubt.
    mutating func settle(states found: [String: String], snapshots foundSnapshots: [String: String]) -> [String] {
        var wrong: [String] = []
        for (id, name) in states where found[id] != name && !(found[id] == nil && doubtfulDeletions.contains(id)) {
            wrong.append("state \(id) (\(name)) was acknowledged and is \(found[id].map { "named \($0)" } ?? "gone")")
        }
        for (id, name) in found where states[id] == nil && doubtfulCommits[id] != name {
            wrong.append("state \(id) (\(name)) is there and nobody committed it, or it was deleted")
        }
        for (name, state) in snapshots
        where foundSnapshots[name] != state && !(foundSnapshots[name] == nil && doubtfulUnsnapshots.contains(name)) {
            wrong.append("snapshot \(name) of \(state) was acknowledged and is \(foundSnapshots[name] ?? "gone")")
        }
        for (name, state) in foundSnapshots where snapshots[name] == nil && doubtfulSnapshots[name] != state {
            wrong.append("snapshot \(name) of \(state) is there and nobody took it, or it was deleted")
        }
        states = found
        snapshots = foundSnapshots
        (doubtfulCommits, doubtfulDeletions, doubtfulSnapshots, doubtfulUnsnapshots) = ([:], [], [:], [])
        return wrong
    }
}
