/// Who owns a model or data set.
public enum Owner: Sendable, Hashable, Codable {
    case user(id: String, name: String)
    case organization(id: String, name: String)

    private enum CodingKeys: String, CodingKey { case type, userId, username, organizationId, organizationName }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "user":
            self = .user(
                id: try container.decode(String.self, forKey: .userId),
                name: try container.decode(String.self, forKey: .username))
        case "organization":
            self = .organization(
                id: try container.decode(String.self, forKey: .organizationId),
                name: try container.decode(String.self, forKey: .organizationName))
        default: throw decoder.invalid("must be user or organization", key: CodingKeys.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .user(let id, let name):
            try container.encode("user", forKey: .type)
            try container.encode(id, forKey: .userId)
            try container.encode(name, forKey: .username)
        case .organization(let id, let name):
            try container.encode("organization", forKey: .type)
            try container.encode(id, forKey: .organizationId)
            try container.encode(name, forKey: .organizationName)
        }
    }
}

/// What the caller may do with a model or data set.
public enum Access: String, Sendable, Hashable, Codable {
    case read, readwrite
}

/// `{}`: the result of methods that only do something.
public struct EmptyResult: Sendable, Hashable, Codable {
    public init() {}
}

/// A point of resource use.
public struct SysinfoPoint: Sendable, Hashable, Codable {
    /// Milliseconds since 1970.
    public var timestamp: Int64
    /// Cores in use.
    public var cpus: Double
    /// MiB; the Rust client reads 32 bits.
    public var memory: UInt32
    /// MiB.
    public var disk: UInt32?

    public init(timestamp: Int64, cpus: Double, memory: UInt32, disk: UInt32? = nil) {
        self.timestamp = timestamp
        self.cpus = cpus
        self.memory = memory
        self.disk = disk
    }
}

/// Result of `getTrainingSysinfo` and of a launcher's `getSysinfo`.
public struct SysinfoResult: Sendable, Hashable, Codable {
    public var sysinfo: [SysinfoPoint]

    public init(sysinfo: [SysinfoPoint]) {
        self.sysinfo = sysinfo
    }
}

/// Where code ran: a location with its spec.
public enum UsedLauncher: Sendable, Hashable, Codable {
    case persistentLauncher(id: String, LauncherSpec)
    case temporaryLauncher(LauncherSpec)

    private enum CodingKeys: String, CodingKey { case type, persistentLauncherId, spec }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let spec = try container.decode(LauncherSpec.self, forKey: .spec)
        switch try ExecutionLocation(from: decoder) {
        case .persistentLauncher(let id): self = .persistentLauncher(id: id, spec)
        case .temporaryLauncher: self = .temporaryLauncher(spec)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .persistentLauncher(let id, let spec):
            try container.encode("persistentLauncher", forKey: .type)
            try container.encode(id, forKey: .persistentLauncherId)
            try container.encode(spec, forKey: .spec)
        case .temporaryLauncher(let spec):
            try container.encode("temporaryLauncher", forKey: .type)
            try container.encode(spec, forKey: .spec)
        }
    }
}
