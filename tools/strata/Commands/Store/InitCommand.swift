import ArgumentParser
import Strata

struct StoreView: JSONDocument {
    let path: String
    let storeId: String
    let created: Bool

    static let fields: [JSONField] = [
        .init("path", "the store's folder"), .init("storeId", "its id"),
        .init("created", "false when it existed already"),
    ]
}

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes a store.",
        discussion: """
            The folder must be missing or empty.

            Example:
              strata init --store /var/lib/models.strata
            """)

    @Flag(help: "It is no error if the store exists.")
    var ifMissing = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let path = global.path
        if let existing = try await self.existing(at: path) {
            let id = existing.id
            try await existing.close()
            guard ifMissing else {
                throw StrataError(.storeAlreadyExists, "there is a store at `\(path)` already", context: ["path": path])
            }
            return try await show(existing.path, id, created: false)
        }
        let store = try await StateStore.open(at: path, .createIfMissing)
        try await store.close()
        try await show(store.path, store.id, created: true)
    }

    private func existing(at path: String) async throws -> StateStore? {
        do {
            return try await StateStore.open(at: path, .readOnly)
        } catch {
            guard error.code == .storeNotFound else { throw error }
            return nil
        }
    }

    private func show(_ path: String, _ id: String, created: Bool) async throws {
        try await global.output.show(StoreView(path: path, storeId: id, created: created)) {
            created ? "made a store at \(path)" : "there is a store at \(path)"
        }
    }
}
