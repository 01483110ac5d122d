/// Bounds that decoders enforce before they keep or pass on anything.
///
/// A length is compared with its bound as soon as it is read, so a hostile length costs nothing.
public struct FrameLimits: Sendable, Hashable {
    /// Most bytes of one JSON text.
    public var jsonSizeBytesMax: Int
    /// Most blobs in one message.
    public var blobCountMax: Int
    /// Most bytes of one blob.
    public var blobSizeBytesMax: Int
    /// Most bytes of all blobs of one message together.
    public var totalBlobSizeBytesMax: Int

    /// - Parameters are bytes and counts; the defaults are 16 MiB of JSON, 255 blobs (what a request's u8 can count),
    ///   1 GiB a blob and 256 GiB in all. All must be at least 0.
    public init(
        jsonSizeBytesMax: Int = 16 << 20,
        blobCountMax: Int = 255,
        blobSizeBytesMax: Int = 1 << 30,
        totalBlobSizeBytesMax: Int = 256 << 30
    ) {
        precondition(
            min(jsonSizeBytesMax, blobCountMax, blobSizeBytesMax, totalBlobSizeBytesMax) >= 0, "limits are not negative")
        self.jsonSizeBytesMax = jsonSizeBytesMax
        self.blobCountMax = blobCountMax
        self.blobSizeBytesMax = blobSizeBytesMax
        self.totalBlobSizeBytesMax = totalBlobSizeBytesMax
    }

    func checkedJSONSize(_ value: UInt64, at offset: Int) throws(WireError) -> Int {
        guard value <= UInt64(jsonSizeBytesMax) else {
            throw .limit("the length of the JSON", value, max: jsonSizeBytesMax, at: offset)
        }
        return Int(value)
    }

    func checkedBlobCount(_ value: UInt64, at offset: Int) throws(WireError) -> Int {
        guard value <= UInt64(blobCountMax) else {
            throw .limit("the number of blobs", value, max: blobCountMax, at: offset)
        }
        return Int(value)
    }

    /// Checks the length of blob `index` and adds it to `total`.
    func checkedBlobSize(_ value: UInt64, index: Int, total: inout Int, at offset: Int) throws(WireError) -> Int {
        guard value <= UInt64(blobSizeBytesMax) else {
            throw .limit("the length of blob \(index)", value, max: blobSizeBytesMax, at: offset)
        }
        let (sum, overflow) = total.addingReportingOverflow(Int(value))
        guard !overflow, sum <= totalBlobSizeBytesMax else {
            throw .limit("the length of all blobs", UInt64(total) + value, max: totalBlobSizeBytesMax, at: offset)
        }
        total = sum
        return Int(value)
    }
}
