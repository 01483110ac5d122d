public import Strata

/// A persistent launcher as it is now.
public struct PersistentLauncher: Hashable, Sendable {
    /// What becomes of a launcher.
    public enum State: Hashable, Sendable {
        /// It waits for the memory that it was promised.
        case creating
        case active
        /// Its place was lost and is made again.
        case recreating
        /// Something still runs on it; it goes with the last operation.
        case deleting
    }

    public let id: LauncherID
    public let name: String
    public let spec: LauncherSpec
    /// When it became active; nil before.
    public let createdAtMilliseconds: Int64?
    public let state: State
    /// How many operations run on it.
    public let operationCount: Int
    /// Those of them that are operations of a store, oldest first.
    public let uses: [LauncherUse]

    public init(
        id: LauncherID, name: String, spec: LauncherSpec, createdAtMilliseconds: Int64?, state: State, operationCount: Int,
        uses: [LauncherUse] = []
    ) {
        self.uses = uses
        self.id = id
        self.name = name
        self.spec = spec
        self.createdAtMilliseconds = createdAtMilliseconds
        self.state = state
        self.operationCount = operationCount
    }
}
