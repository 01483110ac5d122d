public import ContentStore

/// How much one transaction of collection does, so that a writer who waits for it waits briefly.
public struct CollectionStep: Sendable {
    /// Rows that are removed or changed at most.
    public var rowsMax = 4096
    /// How long it works before it ends; only pace rests on this clock.
    public var duration = Duration.milliseconds(10)

    public init(rowsMax: Int = 4096, duration: Duration = .milliseconds(10)) {
        self.rowsMax = rowsMax
        self.duration = duration
    }
}

/// What was removed, or would be.
public struct CollectedRows: Hashable, Sendable {
    public var values = 0
    /// Bytes of values that lay in the catalog itself.
    public var inlineBytes: Int64 = 0
    public var chunks = 0
    /// Stored bytes of those chunks.
    public var chunkBytes: Int64 = 0
    public var packs = 0
    /// The sizes of the packs' files.
    public var packBytes: Int64 = 0

    public init() {}

    public static func + (left: CollectedRows, right: CollectedRows) -> CollectedRows {
        var sum = left
        sum.values += right.values
        sum.inlineBytes &+= right.inlineBytes
        sum.chunks += right.chunks
        sum.chunkBytes &+= right.chunkBytes
        sum.packs += right.packs
        sum.packBytes &+= right.packBytes
        return sum
    }

    static func - (left: CollectedRows, right: CollectedRows) -> CollectedRows {
        var rest = left
        rest.values -= right.values
        rest.inlineBytes &-= right.inlineBytes
        rest.chunks -= right.chunks
        rest.chunkBytes &-= right.chunkBytes
        rest.packs -= right.packs
        rest.packBytes &-= right.packBytes
        return rest
    }
}

/// A pack whose rows are gone and whose file is to go.
public struct RemovedPackRow: Hashable, Sendable {
    public let name: PackName
    public let sizeBytes: Int64
}

/// What collection would do.
public struct GarbageForecastRow: Sendable {
    /// What goes when nothing changes meanwhile.
    public var removable = CollectedRows()
    /// What goes once the sessions that run now have ended.
    public var waiting = CollectedRows()
    /// Dead bytes in packs that stay, before what waits has gone.
    public var compactableBytes: Int64 = 0
}
