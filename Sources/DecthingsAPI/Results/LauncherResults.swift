/// What a persistent launcher is doing.
public enum PersistentLauncherState: Sendable, Hashable, Codable {
    case creating, active, deleting
    /// It died, by its own exit or for an unknown reason, and is started again.
    case recreating(exited: Bool)

    private enum CodingKeys: String, CodingKey { case type, previous }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "creating": self = .creating
        case "active": self = .active
        case "deleting": self = .deleting
        case "recreating":
            self = .recreating(exited: try container.decode(String.self, forKey: .previous) == "exit")
        case let type: throw decoder.invalid("is the unknown state \(type.prefix(64))", key: CodingKeys.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .creating: try container.encode("creating", forKey: .type)
        case .active: try container.encode("active", forKey: .type)
        case .deleting: try container.encode("deleting", forKey: .type)
        case .recreating(let exited):
            try container.encode("recreating", forKey: .type)
            try container.encode(exited ? "exit" : "unknown", forKey: .previous)
        }
    }
}

/// A persistent launcher as `getPersistentLaunchers` shows it.
public struct PersistentLauncher: Sendable, Hashable, Codable {
    /// Work on a launcher.
    public struct Running: Sendable, Hashable, Codable {
        public enum Kind: String, Sendable, Hashable, Codable {
            case terminal, spawned, debug, createModelState, train, evaluate
        }

        public var id: String
        public var type: Kind

        public init(id: String, type: Kind) {
            self.id = id
            self.type = type
        }
    }

    public var id: String
    public var name: String
    /// Milliseconds since 1970; absent while creating.
    public var createdAt: Int64?
    public var spec: LauncherSpec
    public var state: PersistentLauncherState
    public var running: [Running]

    public init(
        id: String, name: String, createdAt: Int64? = nil, spec: LauncherSpec, state: PersistentLauncherState,
        running: [Running]
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.spec = spec
        self.state = state
        self.running = running
    }
}

/// Result of `createPersistentLauncher`.
public struct CreatePersistentLauncherResult: Sendable, Hashable, Codable {
    public var persistentLauncherId: String

    public init(persistentLauncherId: String) {
        self.persistentLauncherId = persistentLauncherId
    }
}

/// Result of `getPersistentLaunchers`.
public struct GetPersistentLaunchersResult: Sendable, Hashable, Codable {
    public var persistentLaunchers: [PersistentLauncher]
    /// Matches before paging.
    public var total: Int
    public var offset: Int
    public var limit: Int

    public init(persistentLaunchers: [PersistentLauncher], total: Int, offset: Int, limit: Int) {
        self.persistentLaunchers = persistentLaunchers
        self.total = total
        self.offset = offset
        self.limit = limit
    }
}
