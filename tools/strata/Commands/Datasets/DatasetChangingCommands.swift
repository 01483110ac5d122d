import ArgumentParser
import DecthingsAPI
import Strata

/// `NAME[:TYPE[SHAPE]]`: a dataset's key.
struct DatasetKeyArgument {
    let definition: Strata.ParameterDefinition

    init(parsing argument: String) throws {
        guard let colon = argument.lastIndex(of: ":") else {
            definition = Strata.ParameterDefinition(name: argument)
            return
        }
        do {
            let spec = try TensorText.typeSpec(String(argument[argument.index(after: colon)...]))
            definition = Strata.ParameterDefinition(
                name: String(argument[..<colon]), shape: spec.shape, allowedTypes: [spec.type.name])
        } catch let mistake as TensorText.Mistake {
            throw ValidationError("In --key `\(argument)`: \(mistake.message).")
        }
    }
}

struct DatasetCreateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an empty dataset.",
        discussion: """
            A key is NAME (scalars of any type), NAME:TYPE, or NAME:TYPE[SHAPE], where -1 accepts any length. --keys \
            takes a JSON list of definitions in the API's form instead.

            Example:
              strata dataset create pairs --key text:string --key vector:f32[384]
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The new dataset's name, unique in the store.")
    var name: String

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp("A key; may be repeated.", valueName: "name[:type[shape]]"))
    var keys: [String] = []

    @Option(
        name: .customLong("keys"),
        help: ArgumentHelp("A JSON file with definitions of all keys; - is standard input.", valueName: "file"))
    var keysFile: String?

    @Option(help: "Free text.")
    var description = ""

    @Flag(name: .customLong("public"), help: "Everybody may read it.")
    var isPublic = false

    @Option(
        name: .customLong("tag"), parsing: .singleValue,
        help: ArgumentHelp("A label; may be repeated.", valueName: "name=value"))
    var tags: [TagArgument] = []

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if keys.isEmpty == (keysFile == nil) { throw ValidationError("Give the keys with --key or with --keys.") }
        for key in keys { _ = try DatasetKeyArgument(parsing: key) }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        var definitions = try keys.map { try DatasetKeyArgument(parsing: $0).definition }
        if let keysFile { definitions = try await DefinitionsFile.readList(keysFile) }
        let dataset = try await store.createDataset(
            named: name, keys: definitions, description: description, isPublic: isPublic, tags: tags.map(\.tag))
        try await output.show(DatasetView(dataset)) {
            "made dataset `\(name)` (\(dataset.id)) with \(Text.count(definitions.count, "key"))"
        }
    }
}

struct DatasetAppendCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "append", abstract: "Appends entries to a dataset: all or none.",
        discussion: """
            One entry is given as KEY=VALUE for each key; values are written as create-state's --param are. --entries \
            takes many: a file with one JSON object a line, such as {"text": "hello", "vector": [1.5, 2]}.

            Example:
              strata dataset append pairs text=hello label=1
              strata dataset append pairs --entries pairs.jsonl
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The dataset's name or id.")
    var dataset: String

    @Argument(help: ArgumentHelp("One entry's values.", valueName: "key=value"))
    var values: [String] = []

    @Option(help: ArgumentHelp("A file with one JSON object a line; - is standard input.", valueName: "file"))
    var entries: String?

    @Option(help: ArgumentHelp("Refuse when the dataset is at another version.", valueName: "version"))
    var expectedVersion: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if values.isEmpty == (entries == nil) { throw ValidationError("Give one entry's KEY=VALUE arguments or --entries FILE.") }
        for value in values {
            if case .dataset = try ParameterArgument(parsing: value).content {
                throw ValidationError("`\(value)`: an entry's value cannot be a dataset.")
            }
        }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let dataset = try await store.findDataset(dataset)
        var added: [[String: Item]] = []
        if let entries {
            added = try await DatasetEntries.read(entries, for: dataset)
        } else {
            added = [try await DatasetEntries.entry(try values.map { try ParameterArgument(parsing: $0) }, for: dataset)]
        }
        try await store.appendEntries(added, to: dataset.id, expectedVersionID: expectedVersion)
        let updated = try await store.dataset(dataset.id)
        try await output.show(DatasetView(updated)) {
            let count = added.count == 1 ? "1 entry" : "\(Text.count(added.count)) entries"
            return "appended \(count) to `\(updated.name)`; it has \(Text.count(updated.entryCount)) now"
        }
    }
}

enum DatasetEntries {
    static func entry(_ values: [ParameterArgument], for dataset: Strata.Dataset) async throws -> [String: Item] {
        var entry: [String: Item] = [:]
        for value in values {
            let allowed = dataset.keys.first { $0.name == value.name }?.allowedTypes ?? []
            let items = try await value.items(allowedTypes: allowed)
            guard items.count == 1, entry.updateValue(items[0], forKey: value.name) == nil else {
                throw StrataError(
                    .invalidParameter, "`\(value.name)` is given twice, or its file holds \(items.count) tensors; an entry has one a key",
                    parameterName: "keys")
            }
        }
        return entry
    }

    /// Reads one JSON object a line.
    static func read(_ path: String, for dataset: Strata.Dataset) async throws -> [[String: Item]] {
        let lines = try await LocalFile.read(path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var entries: [[String: Item]] = []
        for (number, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
            do {
                entries.append(try entry(Array(line), for: dataset))
            } catch {
                let reason = (error as? TensorText.Mistake)?.message ?? (error as? WireError)?.message ?? "\(error)"
                throw StrataError(.invalidParameter, "`\(path)`, line \(number + 1): \(reason)", parameterName: "entries")
            }
        }
        guard !entries.isEmpty else {
            throw StrataError(.invalidParameter, "`\(path)` holds no entries", parameterName: "entries")
        }
        return entries
    }

    private static func entry(_ line: [UInt8], for dataset: Strata.Dataset) throws -> [String: Item] {
        guard case .object(let members) = try JSONValue.parse(line) else { throw TensorText.Mistake("the line is no JSON object") }
        var entry: [String: Item] = [:]
        for (key, value) in members {
            let allowed = dataset.keys.first { $0.name == key }?.allowedTypes ?? []
            do {
                entry[key] = Item(try TensorJSON.tensor(value, allowedTypes: allowed))
            } catch let mistake as TensorText.Mistake {
                throw TensorText.Mistake("`\(key)`: \(mistake.message)")
            }
        }
        return entry
    }
}

struct DatasetDeleteCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a dataset.",
        discussion: """
            Running operations keep what they read.

            Example:
              strata dataset delete pairs --dry-run
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The dataset's name or id.")
    var dataset: String

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let dataset = try await store.findDataset(dataset)
        if !dryRun { try await store.deleteDataset(dataset.id) }
        let view = DeletionView(
            [.init(kind: "dataset", id: dataset.id.rawValue, name: dataset.name, sizeBytes: dataset.sizeBytes)], dryRun: dryRun)
        try await output.show(view) { view.text }
    }
}
