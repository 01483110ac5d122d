import ArgumentParser

struct ExitCodesDocument: JSONDocument {
    struct Code: Encodable {
        let code: Int32
        let name: String
        let meaning: String
    }

    let exitCodes: [Code]

    static let fields: [JSONField] = [
        .init("exitCodes[].code", "the exit status"), .init("exitCodes[].name", "a word for it"),
        .init("exitCodes[].meaning", "what it says"),
    ]
}

struct ExitCodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes", abstract: "Prints what the exit codes mean.",
        discussion: "Example:\n  strata exit-codes --json")

    static let table = Table(
        [.number("CODE"), .text("NAME"), .text("MEANING")],
        rows: StrataExit.allCases.map { ["\($0.rawValue)", $0.name, $0.meaning] }
    ).text(empty: "")

    @OptionGroup var options: JSONOption

    func run() async throws {
        let codes = StrataExit.allCases.map { ExitCodesDocument.Code(code: $0.rawValue, name: $0.name, meaning: $0.meaning) }
        try await Output(isJSON: options.json).show(ExitCodesDocument(exitCodes: codes)) { Self.table }
    }
}

struct JSONFieldsDocument: JSONDocument {
    struct Command: Encodable {
        let command: String
        let fields: [JSONField]
    }

    let commands: [Command]

    static let fields: [JSONField] = [
        .init("commands[].command", "a command's words"), .init("commands[].fields[].path", "where the field stands"),
        .init("commands[].fields[].meaning", "what it says"),
    ]
}

struct JSONFieldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json-fields", abstract: "Prints which fields the commands' JSON has.",
        discussion: """
            Fields are never renamed or removed; new ones may come. A field without a value is absent.

            Example:
              strata json-fields
            """)

    @OptionGroup var options: JSONOption

    static let documents: [(commands: [String], fields: [JSONField])] = [
        (["init"], StoreView.fields), (["model list"], ListDocument<ModelView>.fields),
        (["model create", "model show", "model update"], ModelView.fields),
        (["model delete", "files remove", "state delete", "snapshot delete", "dataset delete"], DeletionView.fields),
        (["files put", "files get", "files list"], ListDocument<FileView>.fields),
        (["state list"], ListDocument<StateView>.fields),
        (["state upload", "state show", "state rename", "state activate"], StateView.fields),
        (["serve"], ServeView.fields), (["key list"], ListDocument<APIKeyView>.fields), (["key create", "key revoke"], APIKeyView.fields),
        (["state get"], FilledFolderView.fields), (["snapshot list"], ListDocument<SnapshotView>.fields),
        (["snapshot create", "snapshot show", "snapshot rename"], SnapshotView.fields),
        (["dataset list"], ListDocument<DatasetView>.fields),
        (["dataset create", "dataset show", "dataset append"], DatasetView.fields),
        (["dataset items"], ListDocument<ItemView>.fields), (["create-state"], CreationOutcome.fields),
        (["creations list"], ListDocument<CreationView>.fields), (["creations cancel"], CreationView.fields),
        (["train"], TrainingOutcome.fields), (["evaluate"], EvaluationOutcome.fields),
        (["operations list"], ListDocument<OperationView>.fields), (["operations logs"], OperationLogsView.fields),
        (["operations show", "operations cancel", "operations clear"], OperationView.fields),
        (["stats"], .all(StatisticsView.fields, FootprintsView.fields)), (["verify"], VerificationView.fields),
        (["collect"], CollectionView.fields), (["prune"], PruningView.fields), (["repair"], RepairView.fields),
        (["backup"], BackupView.fields), (["restore"], RestoreView.fields), (["copy"], CopyView.fields),
        (["compact"], CompactionView.fields), (["doctor"], DoctorView.fields),
        (["exit-codes"], ExitCodesDocument.fields), (["json-fields"], JSONFieldsDocument.fields),
        (["(errors)"], ErrorDocument.fields),
    ]

    func run() async throws {
        let commands = Self.documents.flatMap { entry in
            entry.commands.map { JSONFieldsDocument.Command(command: $0, fields: entry.fields) }
        }
        try await Output(isJSON: options.json).show(JSONFieldsDocument(commands: commands)) {
            Self.documents.map { entry in
                entry.commands.joined(separator: ", ") + "\n"
                    + Table.pairs(entry.fields.map { ("  " + $0.path, $0.meaning) })
            }.joined(separator: "\n\n")
        }
    }
}
