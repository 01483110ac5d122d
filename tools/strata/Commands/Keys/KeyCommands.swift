import ArgumentParser
import Strata

struct KeyCreateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a key and prints it, this once.",
        discussion: """
            Example:
              strata key create alice --access readwrite
              strata key create ci --access none --right minilm=read --max-requests-per-second 50
            """)
    static let access = StoreAccess.writing

    @Argument(help: "A name for people.")
    var name: String

    @Option(help: ArgumentHelp("The right to everything: read, readwrite, admin or none.", valueName: "right"))
    var access = "readwrite"

    @Option(
        name: .customLong("right"), parsing: .singleValue,
        help: ArgumentHelp("Another right to one model or dataset (by name or id); may be repeated.", valueName: "model=right"))
    var rights: [String] = []

    @Option(help: ArgumentHelp("Bytes of states, entries and files that it may have made. (default: no bound)", valueName: "bytes"))
    var maxBytes: Int64?

    @Option(help: ArgumentHelp("States that it may have made. (default: no bound)", valueName: "count"))
    var maxStates: Int?

    @Option(help: ArgumentHelp("Models that it may have made. (default: no bound)", valueName: "count"))
    var maxModels: Int?

    @Option(help: ArgumentHelp("Requests a second. (default: no bound)", valueName: "count"))
    var maxRequestsPerSecond: Double?

    @Option(help: ArgumentHelp("Requests at once. (default: those of a second)", valueName: "count"))
    var requestBurst: Double?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        _ = try Self.right(access)
        for right in rights { _ = try Self.parts(right) }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        var byID: [String: AccessRight] = [:]
        for text in rights {
            let (reference, right) = try Self.parts(text)
            byID[try await Self.id(reference, in: store)] = right
        }
        let limits = APIKeyLimits(
            bytesMax: maxBytes, statesMax: maxStates, modelsMax: maxModels, requestsPerSecond: maxRequestsPerSecond,
            requestBurst: requestBurst)
        let (key, secret) = try await store.createAPIKey(named: name, access: try Self.right(access), rights: byID, limits: limits)
        let view = APIKeyView(key, try await store.holdings(of: key.id), secret: secret)
        try await output.show(view) { "\(secret)\n" }
        output.note("made key `\(name)` (\(key.id)); it is shown this once")
    }

    /// - Returns: nil for none.
    private static func right(_ text: String) throws -> AccessRight? {
        if text == "none" { return nil }
        guard let right = AccessRight(rawValue: text) else {
            throw ValidationError("`\(text)` is no right; choose read, readwrite, admin or none.")
        }
        return right
    }

    private static func parts(_ text: String) throws -> (reference: String, right: AccessRight) {
        guard let place = text.lastIndex(of: "="), place > text.startIndex, let right = try right(String(text[text.index(after: place)...])) else {
            throw ValidationError("--right is `\(text)`; write <model or dataset>=<read, readwrite or admin>.")
        }
        return (String(text[..<place]), right)
    }

    private static func id(_ reference: String, in store: StateStore) async throws -> String {
        do {
            return try await store.findModel(reference).id.rawValue
        } catch let error as StrataError where error.code == .modelNotFound {
            return try await store.findDataset(reference).id.rawValue
        }
    }
}

struct KeyListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the keys in the order in which they were made, and what they hold.",
        discussion: """
            Example:
              strata key list
            """)
    static let access = StoreAccess.metadata

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let (keys, total) = try await page.read { try await store.apiKeys(offset: $0, limit: $1) }
        var views: [APIKeyView] = []
        for key in keys { views.append(APIKeyView(key, try await store.holdings(of: key.id))) }
        try await output.show(ListDocument(items: views, total: total)) {
            Table(
                [
                    .text("NAME"), .text("KEY ID"), .text("ACCESS"), .number("RIGHTS"), .number("MODELS"), .number("STATES"),
                    .number("SIZE"), .text("CREATED"), .text("REVOKED"),
                ],
                rows: zip(keys, views).map { key, view in
                    [
                        key.name, key.id.rawValue, key.access?.rawValue ?? "none", Text.count(key.rights.count), Text.count(view.holds.models),
                        Text.count(view.holds.states), Text.size(view.holds.sizeBytes), Text.date(key.createdAtMilliseconds),
                        key.revokedAtMilliseconds.map(Text.date) ?? "",
                    ]
                }
            ).text(empty: "no keys")
        }
    }
}

struct KeyRevokeCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Takes a key's rights for ever; what it made stays.",
        discussion: """
            A server that runs refuses the key within a second.

            Example:
              strata key revoke 0b0ce2a1-7f2c-4c55-9d6c-3f2a5c1c0f10
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The key's id, or a name that only one key has that is not revoked.")
    var key: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let id = try await find(in: store).id
        try await store.revokeAPIKey(id)
        let revoked = try await Self.all(in: store).first { $0.id == id }
        guard let revoked else { throw StrataError(.keyNotFound, "the key `\(id)` is gone") }
        let holdings = try await store.holdings(of: id)
        try await output.show(APIKeyView(revoked, holdings)) { "revoked key `\(revoked.name)` (\(id))" }
    }

    private func find(in store: StateStore) async throws -> APIKey {
        let keys = try await Self.all(in: store)
        if let key = keys.first(where: { $0.id.rawValue == key }) { return key }
        let named = keys.filter { $0.name == key && !$0.isRevoked }
        guard named.count <= 1 else {
            throw StrataError(.ambiguousReference, "\(named.count) keys are named `\(key)`; give an id of `strata key list`")
        }
        guard let found = named.first else {
            throw StrataError(.keyNotFound, "there is no key `\(key)` that is not revoked; `strata key list` shows all")
        }
        return found
    }

    private static func all(in store: StateStore) async throws -> [APIKey] {
        var keys: [APIKey] = []
        while true {
            let page = try await store.apiKeys(offset: keys.count, limit: 1000)
            keys += page.items
            if page.items.isEmpty || keys.count >= page.total { return keys }
        }
    }
}
