/// Params of `createPersistentLauncher`.
public struct CreatePersistentLauncherParams: Sendable, Hashable, Codable {
    public var name: String
    public var spec: LauncherSpec

    public init(name: String, spec: LauncherSpec) {
        self.name = name
        self.spec = spec
    }
}

/// Params of `getSysinfo` of a persistent launcher.
public struct GetLauncherSysinfoParams: Sendable, Hashable, Codable {
    public var persistentLauncherId: String
    /// Milliseconds since 1970; only later points are wanted.
    public var fromTimestamp: Int64?

    public init(persistentLauncherId: String, fromTimestamp: Int64? = nil) {
        self.persistentLauncherId = persistentLauncherId
        self.fromTimestamp = fromTimestamp
    }
}

/// Params of `deletePersistentLauncher`.
public struct PersistentLauncherParams: Sendable, Hashable, Codable {
    public var persistentLauncherId: String

    public init(persistentLauncherId: String) {
        self.persistentLauncherId = persistentLauncherId
    }
}
