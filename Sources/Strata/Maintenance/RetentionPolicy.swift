import Catalog
import Glibc

/// Which states of a model stay. A state stays when any rule keeps it; the active state and mounted ones always do.
public struct RetentionPolicy: Hashable, Sendable {
    /// Keeps the newest so many states of each model, in the order of their creation; at least 1.
    public var last: Int?
    /// Keeps states that were created no longer ago than this, by the clock. No safety rests on that: it is a wish.
    public var within: Duration?
    /// Keeps states whose name fits one of these patterns, as the shell's: `*` any characters, `?` one, `[a-z]` a set.
    public var named: [String] = []
    /// Keeps all states of models that carry one of these tags.
    public var tagged: [Tag] = []
    /// Keeps states of which a snapshot was made. (A snapshot keeps its values in any case.)
    public var snapshotted = false

    public init() {}

    static let lastMax = 1_000_000
    static let patternsMax = 100

    func check() throws(StrataError) {
        guard last != nil || within != nil || !named.isEmpty || !tagged.isEmpty || snapshotted else {
            throw .invalidParameter(
                "policy", "the policy keeps nothing but active and mounted states; name what to keep (the last 1 at least)")
        }
        if let last, !(1...Self.lastMax).contains(last) {
            throw .invalidParameter("last", "the last \(last) states is outside 1 to \(Self.lastMax)")
        }
        if let within, within < .zero { throw .invalidParameter("within", "the period is negative; the least is 0 s") }
        guard named.count <= Self.patternsMax, named.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 255 }) else {
            throw .invalidParameter("named", "there are over \(Self.patternsMax) patterns, or one is empty or over 255 bytes")
        }
        try ModelRules.check(tagged)
    }

    /// All rules that keep a state.
    ///
    /// - Parameter rank: 1 for the model's newest state.
    func reasons(for state: RetentionRow, rank: Int, of model: Model, nowMilliseconds: Int64) -> [RetentionReason] {
        var reasons: [RetentionReason] = []
        if state.isActive { reasons.append(.active) }
        if state.isPinned { reasons.append(.mounted) }
        if let last, rank <= last { reasons.append(.last) }
        if let within, .milliseconds(nowMilliseconds - state.createdAt) <= within { reasons.append(.within) }
        if named.contains(where: { fnmatch($0, state.name, 0) == 0 }) { reasons.append(.named) }
        if tagged.contains(where: { model.tags.contains($0) }) { reasons.append(.tagged) }
        if snapshotted, state.hasSnapshot { reasons.append(.snapshotted) }
        return reasons
    }
}

/// Why a state stays.
public enum RetentionReason: String, Hashable, Sendable, Codable {
    /// It is its model's active state.
    case active
    /// A mount uses it.
    case mounted
    /// It is one of the newest.
    case last
    /// It is young enough.
    case within
    /// Its name fits a pattern.
    case named
    /// Its model carries a tag.
    case tagged
    /// A snapshot was made of it.
    case snapshotted
}

/// What a policy makes of one state.
public struct PlannedState: Hashable, Sendable, Identifiable {
    public let id: StateID
    public let modelID: ModelID
    public let modelName: String
    public let name: String
    public let createdAtMilliseconds: Int64
    public let sizeBytes: Int64
    /// Why it stays; empty for a state that goes.
    public let reasons: [RetentionReason]

    public var isKept: Bool { !reasons.isEmpty }
}

/// What pruning would do. It is carried out once: `StateStore.prune(_:)` consumes it.
public struct PruningPlan: ~Copyable, Sendable {
    /// All states of the models, newest first, a model after the other.
    public let states: [PlannedState]
    /// What a collection would remove afterwards, beyond what it would remove now, once no session holds it.
    public let freed: CollectedGarbage
    let storeID: String
    let keepsSnapshotted: Bool

    /// The states that go, by model.
    var doomed: [(model: ModelID, states: [StateID])] {
        var found: [(model: ModelID, states: [StateID])] = []
        for state in states where !state.isKept {
            if found.last?.model == state.modelID {
                found[found.count - 1].states.append(state.id)
            } else {
                found.append((state.modelID, [state.id]))
            }
        }
        return found
    }
}

/// What pruning did.
public struct PruningReport: Hashable, Sendable {
    public let deletedStates: [StateID]
    /// States that something has come to need since the plan was made (or that were gone), and why they were left.
    public let leftStates: [StateID: RetentionReason?]
}
