import ArgumentParser
import Strata

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes, lists and revokes the keys that clients of `strata serve` show.",
        discussion: """
            A key has a right to everything (read, readwrite, admin or none), other rights to single models and datasets, and \
            limits. Only its digest is kept: what `create` prints cannot be shown again.

            Example:
              strata key create alice --access readwrite
              strata key list
            """,
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self])
}

struct APIKeyView: JSONDocument {
    struct Right: Encodable {
        let id: String
        let access: String
    }

    struct Limits: Encodable {
        let bytesMax: Int64?
        let statesMax: Int?
        let modelsMax: Int?
        let requestsPerSecond: Double?
        let requestBurst: Double?
    }

    struct Holds: Encodable {
        let models: Int
        let states: Int
        let sizeBytes: Int64
    }

    let id: String
    let name: String
    let access: String?
    let rights: [Right]
    let limits: Limits
    let createdAt: String
    let revokedAt: String?
    let holds: Holds
    var key: String?

    init(_ key: APIKey, _ holdings: Holdings, secret: String? = nil) {
        id = key.id.rawValue
        name = key.name
        access = key.access?.rawValue
        rights = key.rights.sorted { $0.key < $1.key }.map { Right(id: $0.key, access: $0.value.rawValue) }
        limits = Limits(
            bytesMax: key.limits.bytesMax, statesMax: key.limits.statesMax, modelsMax: key.limits.modelsMax,
            requestsPerSecond: key.limits.requestsPerSecond, requestBurst: key.limits.requestBurst)
        createdAt = Text.exactDate(key.createdAtMilliseconds)
        revokedAt = key.revokedAtMilliseconds.map(Text.exactDate)
        holds = Holds(models: holdings.models, states: holdings.states, sizeBytes: holdings.sizeBytes)
        self.key = secret
    }

    static let fields: [JSONField] = [
        .init("id", "the key's id, which is no secret"), .init("name", "its name; need not be unique"),
        .init("access", "the right to everything that rights does not name; absent is none"),
        .init("rights[].id", "a model or dataset"), .init("rights[].access", "read, readwrite or admin"),
        .init("limits.bytesMax", "bytes of states, entries and files that it may have made"), .init("limits.statesMax", "states that it may have made"),
        .init("limits.modelsMax", "models that it may have made"),
        .init("limits.requestsPerSecond", "its requests a second, on average"), .init("limits.requestBurst", "its requests at once"),
        .init("createdAt", "ISO 8601 in UTC with milliseconds"), .init("revokedAt", "when it was revoked, if it was"),
        .init("holds.models", "models that it made and that are there"), .init("holds.states", "states that it made and that are there"),
        .init("holds.sizeBytes", "bytes of those states' values"),
        .init("key", "the key itself; from `key create` only"),
    ]
}
