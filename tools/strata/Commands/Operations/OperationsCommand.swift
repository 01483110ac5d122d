import ArgumentParser
import DecthingsAPI
import Strata

struct OperationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations", abstract: "Shows and cancels creations, trainings and evaluations, running and ended.",
        discussion: """
            Example:
              strata operations list minilm
            """,
        subcommands: [
            OperationsListCommand.self, OperationsShowCommand.self, OperationsLogsCommand.self, OperationsCancelCommand.self,
            OperationsClearCommand.self,
        ])
}

struct OperationsListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists operations, newest first, of any process.",
        discussion: """
            Of each kind a model keeps its newest 1,000 that have ended.

            Example:
              strata operations list minilm --kind train --limit 5
              strata operations list --running
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id. (default: all models)")
    var model: String?

    @Option(
        help: "Only these: createState, train or evaluate.",
        transform: { text in
            if let kind = OperationKind(rawValue: text) { return kind }
            throw ValidationError("`\(text)` is no kind of operation; use createState, train or evaluate.")
        })
    var kind: OperationKind?

    @Flag(help: "Only those that run.")
    var running = false

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        var models: [Strata.Model] = []
        if let model {
            models = [try await store.findModel(model)]
        } else {
            models = try await PageOptions.all { try await store.models(offset: $0, limit: $1) }.items
        }
        var views: [OperationView] = []
        for model in models {
            let records = try await PageOptions.all {
                try await store.operations(of: model.id, kind: kind, isRunning: running ? true : nil, offset: $0, limit: $1)
            }
            views += records.items.map { OperationView($0, of: model) }
        }
        views.sort { $0.startedAt > $1.startedAt }
        let shown = Array(views.dropFirst(page.offset).prefix(page.limit ?? .max))
        try await output.show(ListDocument(items: shown, total: views.count)) {
            Table(
                [.text("MODEL"), .text("KIND"), .text("ID"), .text("STATE"), .text("STARTED"), .text("STATUS"), .number("TOOK")],
                rows: shown.map { view in
                    let took = view.finishedAt == nil ? "" : Text.duration(milliseconds: view.durations.total)
                    return [view.modelName, view.kind, view.id, view.newStateName ?? "", view.startedAt, view.statusText, took]
                }
            ).text(empty: "no operations")
        }
    }
}

struct OperationsShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one operation with its durations, metrics and failure.",
        discussion: """
            Example:
              strata operations show minilm tuned
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The operation's id, the beginning of it, or the name of the state that it makes.")
    var operation: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let record = try await store.findOperation(operation, of: model)
        var metrics: [OperationView.MetricView] = []
        if record.kind == .train {
            for metric in try await store.trainingStatus(record.id, of: model.id).metrics {
                let last = try await store.trainingMetric(metric.name, from: max(metric.amount - 1, 0), limit: 1, in: record.id, of: model.id)
                metrics.append(.init(name: metric.name, amount: metric.amount, last: last.first.flatMap { Self.scalar($0.tensor) }))
            }
        }
        let view = OperationView(record, of: model, metrics: metrics.isEmpty ? nil : metrics)
        try await output.show(view) {
            let trace = view.error?.exceptionDetails ?? view.error?.details
            return Table.pairs(view.pairs) + (trace.map { "\n\n" + Text.printable($0, keepsLines: true) } ?? "")
        }
    }

    /// What the code gave need not be a tensor.
    private static func scalar(_ bytes: [UInt8]) -> JSONValue? {
        guard let tensor = try? Tensor.decode(bytes), let values = TensorJSON.values(of: tensor), values.count == 1 else { return nil }
        return values[0]
    }
}

struct OperationLogsView: JSONDocument {
    let operationId: String
    let standardOutput: String?
    let standardError: String?

    static let fields: [JSONField] = [
        .init("operationId", "the operation's id"), .init("standardOutput", "the last 256 KiB of what its processes wrote there"),
        .init("standardError", "the same of standard error"),
    ]
}

struct OperationsLogsCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what an operation's processes wrote.",
        discussion: """
            Standard output comes first, standard error after it; the last 256 KiB of each are kept, once the operation has ended.

            Example:
              strata operations logs minilm tuned
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The operation's id, the beginning of it, or the name of the state that it makes.")
    var operation: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let record = try await store.findOperation(operation, of: model)
        let captured = try await store.operationOutput(record.id, of: model.id)
        let view = OperationLogsView(
            operationId: record.id.rawValue, standardOutput: captured?.standardOutput, standardError: captured?.standardError)
        if captured == nil { output.note(record.isRunning ? "it still runs; what it writes is kept when it ends" : "nothing was captured") }
        guard output.isJSON || captured != nil else { return }
        try await output.show(view) {
            [captured?.standardOutput, captured?.standardError].compactMap(\.self).filter { !$0.isEmpty }
                .map { Text.printable($0.hasSuffix("\n") ? $0 : $0 + "\n", keepsLines: true) }.joined()
        }
    }
}

struct OperationsCancelCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancels an operation, in whichever process it runs.",
        discussion: """
            The process that runs it looks about each second, ends its code, and answers whoever waits that it was cancelled. If \
            it comes to its commit before that, the commit is refused.

            Example:
              strata operations cancel minilm tuned
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The operation's id, the beginning of it, or the name of the state that it makes.")
    var operation: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let record = try await store.findOperation(operation, of: model)
        try await store.cancelOperation(record.id, of: model.id)
        let view = OperationView(try await store.operation(record.id, of: model.id), of: model)
        try await output.show(view) { "asked for the end of \(record.kind.rawValue) `\(record.id)`" }
    }
}

struct OperationsClearCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Forgets an operation that has ended, with its metrics and output.",
        discussion: """
            The states that it made stay.

            Example:
              strata operations clear minilm tuned
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The operation's id, the beginning of it, or the name of the state that it makes.")
    var operation: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let record = try await store.findOperation(operation, of: model)
        try await store.clearOperation(record.id, of: model.id)
        try await output.show(OperationView(record, of: model)) { "forgot \(record.kind.rawValue) `\(record.id)`" }
    }
}
