import ArgumentParser
import Strata

/// What retention kept and deleted, or would.
struct PruningView: JSONDocument {
    struct Item: Encodable {
        let modelId: String
        let modelName: String
        let stateId: String
        let name: String
        let createdAt: String
        let sizeBytes: Int64
        let kept: Bool
        let reasons: [String]
    }

    let dryRun: Bool
    let states: [Item]
    let freed: CollectionView.Garbage
    let deletedCount: Int

    init(_ states: [PlannedState], freed: CollectedGarbage, report: PruningReport?) {
        dryRun = report == nil
        self.states = states.map { state in
            let left = report?.leftStates[state.id]
            let reasons = state.reasons.map(\.rawValue) + (left.map { [$0?.rawValue ?? "gone"] } ?? [])
            return Item(
                modelId: state.modelID.rawValue, modelName: state.modelName, stateId: state.id.rawValue, name: state.name,
                createdAt: Text.exactDate(state.createdAtMilliseconds), sizeBytes: state.sizeBytes, kept: !reasons.isEmpty,
                reasons: reasons)
        }
        self.freed = .init(freed)
        deletedCount = report?.deletedStates.count ?? states.count { !$0.isKept }
    }

    static let fields: [JSONField] = .all(
        [
            .init("dryRun", "true when nothing was changed"), .init("states[].modelId", "a state's model"),
            .init("states[].modelName", "its model's name"), .init("states[].stateId", "its id"), .init("states[].name", "its name"),
            .init("states[].createdAt", "when it was made"), .init("states[].sizeBytes", "bytes of its values"),
            .init("states[].kept", "whether it stays"),
            .init("states[].reasons[]", "why it stays: active, mounted, last, within, named, tagged, snapshotted"),
            .init("deletedCount", "how many states went or would go"),
        ], CollectionView.Garbage.fields.below("freed"))

    var text: String {
        let rows = states.map { state in
            [
                state.modelName, state.name, String(state.stateId.prefix(8)), Text.size(state.sizeBytes),
                state.kept ? "keep" : dryRun ? "delete" : "deleted", state.reasons.joined(separator: ", "),
            ]
        }
        let table = Table(
            [.text("MODEL"), .text("NAME"), .text("STATE"), .number("SIZE"), .text("WHAT"), .text("WHY")], rows: rows
        ).text(empty: "")
        let end =
            "\(dryRun ? "would delete" : "deleted") \(Text.count(deletedCount, "state")) of \(Text.count(states.count)); `strata collect` "
            + "then frees \(Text.exactSize(freed.packBytes)) in \(Text.count(freed.packCount, "pack")), "
            + "and \(Text.exactSize(freed.chunkBytes)) of chunks die in all"
        return table + "\n\n" + end
    }
}

/// `30d`, `12h`: a whole number and a unit.
struct PeriodArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = argument.last, let factor = seconds[unit], let count = Int64(argument.dropLast()), (0...1_000_000).contains(count)
        else { return nil }
        duration = .seconds(count * factor)
    }
}

struct PruneCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Deletes the states that no rule keeps.",
        discussion: """
            A state stays when any rule keeps it; active and mounted states always stay. Snapshots keep their values in any \
            case. Only metadata changes; `strata collect` frees the bytes.

            Example:
              strata prune minilm --keep-last 5 --keep-within 30d --dry-run
              strata prune --all --keep-last 3 --keep-snapshotted --keep-named 'release-*'
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The models' names or ids.") var models: [String] = []

    @Flag(help: "All models of the store.") var all = false

    @Option(help: ArgumentHelp("Keep the newest so many states of each model.", valueName: "count")) var keepLast: Int?

    @Option(help: ArgumentHelp("Keep states younger than this: a number and s, m, h, d or w.", valueName: "period"))
    var keepWithin: PeriodArgument?

    @Option(help: ArgumentHelp("Keep states whose name fits (*, ?, [a-z]). May be repeated.", valueName: "pattern"))
    var keepNamed: [String] = []

    @Option(help: ArgumentHelp("Keep all states of models with this tag. May be repeated.", valueName: "tag=value"))
    var keepTagged: [TagArgument] = []

    @Flag(help: "Keep states of which a snapshot was made.") var keepSnapshotted = false

    @Flag(help: "Only say what would be deleted.") var dryRun = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard all != !models.isEmpty else { throw ValidationError("Name models, or give --all.") }
        guard keepLast != nil || keepWithin != nil || !keepNamed.isEmpty || !keepTagged.isEmpty || keepSnapshotted else {
            throw ValidationError("No rule keeps anything: give one of the --keep options.")
        }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        var policy = RetentionPolicy()
        policy.last = keepLast
        policy.within = keepWithin?.duration
        policy.named = keepNamed
        policy.tagged = keepTagged.map(\.tag)
        policy.snapshotted = keepSnapshotted
        let plan = try await store.planPruning(policy, of: try await chosenModels(in: store))
        let (states, freed) = (plan.states, plan.freed)
        let report = dryRun ? nil : try await store.prune(plan)
        let view = PruningView(states, freed: freed, report: report)
        try await output.show(view) { view.text }
    }

    private func chosenModels(in store: StateStore) async throws -> [ModelID] {
        guard all else {
            var found: [ModelID] = []
            for model in models { found.append(try await store.findModel(model).id) }
            return found
        }
        var filter = ListFilter()
        filter.sort = .name
        filter.isAscending = true
        let fixed = filter
        return try await PageOptions.all { try await store.models(fixed, offset: $0, limit: $1) }.items.map(\.id)
    }
}
