/// What retention has to know of a state.
public struct RetentionRow: Sendable {
    public let row: Int64
    public let publicID: String
    public let name: String
    public let createdAt: Int64
    public let keySet: Int64
    public let sizeBytes: Int64
    public let isActive: Bool
    /// A mount uses it, of any process.
    public let isPinned: Bool
    /// A snapshot was made of it.
    public let hasSnapshot: Bool
    /// Deletion was asked for already.
    public let isBeingDeleted: Bool
}

/// Why a state that was to be deleted was not.
public enum PruneRefusal: Sendable {
    case isActive, isPinned, hasSnapshot, isGone
}
