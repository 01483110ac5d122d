/// Bounds of what datasets take in.
public struct DatasetLimits: Sendable, Hashable {
    /// The most entries of a dataset's folder; more are refused with `limit_exceeded`.
    public var entriesMax = 10_000_000
    /// The largest tensor of texts, byte strings, images, audio or video: these are checked in memory. Tensors of numbers stream
    /// and may have any size.
    public var variableTensorBytesMax = 256 << 20

    public init() {}
}
