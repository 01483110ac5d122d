/// Graphics processors of a launcher.
public struct GPUSpec: Sendable, Hashable, Codable {
    /// Such as `L4`.
    public var model: String
    public var count: Int

    public init(model: String, count: Int) {
        self.model = model
        self.count = count
    }
}

/// What a launcher has to run code with.
public struct LauncherSpec: Sendable, Hashable, Codable {
    /// Cores, fractions allowed; above 0.
    public var cpus: Double
    /// Above 0.
    public var memoryMebibytes: Int
    /// Above 0 where given.
    public var diskMebibytes: Int?
    /// 0 or more where given.
    public var swapMebibytes: Int?
    public var gpus: GPUSpec?

    public init(
        cpus: Double, memoryMebibytes: Int, diskMebibytes: Int? = nil, swapMebibytes: Int? = nil,
        gpus: GPUSpec? = nil
    ) {
        self.cpus = cpus
        self.memoryMebibytes = memoryMebibytes
        self.diskMebibytes = diskMebibytes
        self.swapMebibytes = swapMebibytes
        self.gpus = gpus
    }

    /// - Throws: `.invalidValue` for a value that is not positive.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        cpus = try container.decode(Double.self, forKey: .cpus)
        memoryMebibytes = try container.decode(Int.self, forKey: .memoryMebibytes)
        diskMebibytes = try container.decodeIfPresent(Int.self, forKey: .diskMebibytes)
        swapMebibytes = try container.decodeIfPresent(Int.self, forKey: .swapMebibytes)
        gpus = try container.decodeIfPresent(GPUSpec.self, forKey: .gpus)
        func check(_ holds: Bool, _ key: CodingKeys, _ problem: String) throws {
            guard holds else { throw decoder.invalid(problem, key: key) }
        }
        try check(cpus > 0, .cpus, "must be above 0, not \(cpus)")
        try check(memoryMebibytes > 0, .memoryMebibytes, "must be above 0, not \(memoryMebibytes)")
        try check(diskMebibytes ?? 1 > 0, .diskMebibytes, "must be above 0, not \(diskMebibytes ?? 0)")
        try check(swapMebibytes ?? 0 >= 0, .swapMebibytes, "must be 0 or more, not \(swapMebibytes ?? 0)")
        try check(gpus?.count ?? 1 > 0, .gpus, "must have a count above 0, not \(gpus?.count ?? 0)")
    }
}

/// Where a request asks its code to run.
public enum ExecutionLocation: Sendable, Hashable, Codable {
    case persistentLauncher(id: String)
    case temporaryLauncher(LauncherSpec)

    private enum CodingKeys: String, CodingKey { case type, persistentLauncherId, spec }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "persistentLauncher":
            self = .persistentLauncher(id: try container.decode(String.self, forKey: .persistentLauncherId))
        case "temporaryLauncher":
            self = .temporaryLauncher(try container.decode(LauncherSpec.self, forKey: .spec))
        case let type:
            throw decoder.invalid(
                "must be persistentLauncher or temporaryLauncher, not \(type.prefix(64))", key: CodingKeys.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .persistentLauncher(let id):
            try container.encode("persistentLauncher", forKey: .type)
            try container.encode(id, forKey: .persistentLauncherId)
        case .temporaryLauncher(let spec):
            try container.encode("temporaryLauncher", forKey: .type)
            try container.encode(spec, forKey: .spec)
        }
    }
}
