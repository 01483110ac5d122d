import ArgumentParser
import Strata

struct CopyView: JSONDocument {
    struct FailureView: Encodable {
        let modelId: String
        let stateId: String?
        let snapshotId: String?
        let message: String
    }

    let newModels: [String]
    let copiedStates: Int
    let presentStates: Int
    let copiedSnapshots: Int
    let presentSnapshots: Int
    let copiedFileTrees: Int
    let logicalBytes: Int64
    let readBytes: Int64
    let newPackBytes: Int64
    let failures: [FailureView]
    let remarks: [String]

    init(_ report: CopyReport) {
        newModels = report.newModels.map(\.rawValue)
        (copiedStates, presentStates) = (report.copiedStates, report.presentStates)
        (copiedSnapshots, presentSnapshots) = (report.copiedSnapshots, report.presentSnapshots)
        (copiedFileTrees, logicalBytes) = (report.copiedFileTrees, report.logicalBytes)
        (readBytes, newPackBytes) = (report.readBytes, report.newPackBytes)
        failures = report.failures.map {
            FailureView(modelId: $0.modelID.rawValue, stateId: $0.stateID?.rawValue, snapshotId: $0.snapshotID?.rawValue, message: $0.message)
        }
        remarks = report.remarks
    }

    static let fields: [JSONField] = [
        .init("newModels[]", "ids of models that the destination did not have"),
        .init("copiedStates", "states that were copied"), .init("presentStates", "states that the destination had already"),
        .init("copiedSnapshots", "snapshots that were copied"), .init("presentSnapshots", "snapshots that the destination had already"),
        .init("copiedFileTrees", "models whose files were copied or replaced"),
        .init("logicalBytes", "bytes of what was copied, before deduplication and compression"),
        .init("readBytes", "of these, what the destination did not have"),
        .init("newPackBytes", "what the destination's packs have grown by"),
        .init("failures[].modelId", "the model of what is damaged and was left out"), .init("failures[].stateId", "its state"),
        .init("failures[].snapshotId", "or its snapshot"), .init("failures[].message", "a sentence for people"),
        .init("remarks[]", "what the destination's users should know"),
    ]

    var text: String {
        var lines = failures.map { "left out: \(Text.printable($0.message))" } + remarks.map { Text.printable($0) }
        lines.append(
            "copied \(Text.count(newModels.count, "new model")), \(Text.count(copiedStates, "state")) and \(Text.count(copiedSnapshots, "snapshot")): "
                + "\(Text.exactSize(logicalBytes)), of which \(Text.exactSize(readBytes)) were new and take \(Text.exactSize(newPackBytes)); "
                + "\(Text.count(presentStates, "state")) and \(Text.count(presentSnapshots, "snapshot")) were there already")
        return lines.joined(separator: "\n")
    }
}

struct CopyCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copies models with their states, snapshots and files to another store.",
        discussion: """
            Ids and times are kept, so that the same copy made again copies only what is new. Bytes that the other store has \
            are not read. Of a whole model the description, settings, tags, files and active state become those of this store; what only \
            the other store has stays. Datasets are not copied. Ends with exit code 11 when something is damaged here: it is \
            named and left out, all else is copied.

            Example:
              strata copy /srv/other.strata
              strata copy /srv/other.strata --model minilm
              strata copy /srv/other.strata --model minilm --state v1 --state v2
            """)
    static let access = StoreAccess.values

    @Argument(help: ArgumentHelp("The other store's folder; it must exist.", valueName: "destination"))
    var destination: String
    @Option(help: ArgumentHelp("A model to copy; may be repeated. (default: all)", valueName: "model"))
    var model: [String] = []
    @Option(help: ArgumentHelp("Only this state of the one model; may be repeated.", valueName: "state"))
    var state: [String] = []

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard state.isEmpty || model.count == 1 else { throw ValidationError("--state needs exactly one --model") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        var models: [Model] = []
        for reference in model { models.append(try await store.findModel(reference)) }
        var states: [StateID] = []
        for reference in state { states.append(try await store.findState(reference, of: models[0]).id) }
        var options = StateStore.Options()
        options.logger = ToolLogger.make("strata")
        let other = try await StateStore.open(at: destination, .readWrite, options: options)
        let progress = Progress("copying", output)
        defer { progress.finish() }
        let result: Result<CopyReport, any Error>
        do {
            let report = try await store.copy(model.isEmpty ? nil : models.map(\.id), states: state.isEmpty ? nil : states, to: other) {
                progress.set($0.readBytes)
            }
            result = .success(report)
        } catch {
            result = .failure(error)
        }
        // In a task of its own: a cancelled one could not give the session back.
        try await Task { try await other.close() }.value
        let report = try result.get()
        progress.finish()
        let view = CopyView(report)
        try await output.show(view) { view.text }
        guard report.failures.isEmpty else {
            throw StrataError(
                .corrupted,
                "\(Text.count(report.failures.count, "thing")) could not be copied, because the store is damaged; mend it with `strata repair` and copy again")
        }
    }
}
