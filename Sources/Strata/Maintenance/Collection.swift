import Catalog

/// What collection removes, counted.
public struct CollectedGarbage: Hashable, Sendable {
    public var valueCount = 0
    /// Bytes of values that lay in the catalog itself; their room there is used again.
    public var inlineBytes: Int64 = 0
    public var chunkCount = 0
    /// Stored bytes of those chunks.
    public var chunkBytes: Int64 = 0
    /// Pack files of which no chunk is left.
    public var packCount = 0
    /// The sizes of those files: what the file system gets back.
    public var packBytes: Int64 = 0

    public init() {}

    init(_ rows: CollectedRows) {
        valueCount = rows.values
        inlineBytes = rows.inlineBytes
        chunkCount = rows.chunks
        chunkBytes = rows.chunkBytes
        packCount = rows.packs
        packBytes = rows.packBytes
    }
}

/// An open store in which something runs that may still use what was deleted since it began.
public struct HoldingSession: Hashable, Sendable {
    /// The name of its folder below `staging/`; nil for the handles that are open for reading only, which have none and stand
    /// here as one.
    public let token: String?
    /// Its process, where the catalog knows it: sessions are entered when they mount or create states.
    public let processID: Int?
    /// Whether it is this handle's own.
    public let isOwn: Bool
}

/// What a collection would do; what `collect()` does when nothing else happens meanwhile.
public struct CollectionPlan: Hashable, Sendable {
    /// What goes now.
    public let removable: CollectedGarbage
    /// What goes with a later collection, once `sessions` have ended what they do now.
    public let waiting: CollectedGarbage
    /// Dead bytes in packs that stay: they go with the last living chunk of their pack.
    public let compactableBytes: Int64
    /// Sessions in which something runs now.
    public let sessions: [HoldingSession]
}

/// What a collection did.
public struct CollectionReport: Hashable, Sendable {
    public let removed: CollectedGarbage
    /// Dead bytes in packs that stay.
    public let compactableBytes: Int64
    /// Sessions in which something ran at the end: what was deleted while it ran waits for them.
    public let sessions: [HoldingSession]
}
