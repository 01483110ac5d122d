/// The body of an HTTP response: varint JSON length, JSON, then each blob after its own varint length, to the end.
public struct ResponseFrame: Sendable, Hashable {
    /// The envelope as JSON text.
    public var json: ArraySlice<UInt8>
    /// Any number of blobs; unlike in requests they are not counted.
    public var blobs: [ArraySlice<UInt8>]

    public init(json: some Sequence<UInt8>, blobs: [ArraySlice<UInt8>] = []) {
        self.json = ArraySlice(json)
        self.blobs = blobs
    }

    /// Decodes a whole body. JSON and blobs are slices of `bytes`: nothing is copied.
    ///
    /// - Throws: `.truncated` (a shortened last blob included) or `.limitExceeded`.
    public init(
        decoding bytes: ArraySlice<UInt8>, limits: FrameLimits = FrameLimits(blobCountMax: 1 << 20)
    ) throws(WireError) {
        var reader = ByteReader(bytes)
        try self.init(reading: &reader, limits: limits)
    }

    init(reading reader: inout ByteReader, limits: FrameLimits) throws(WireError) {
        let jsonOffset = reader.offset
        json = try reader.take(limits.checkedJSONSize(try reader.varint(), at: jsonOffset), "the JSON")
        blobs = []
        var total = 0
        while reader.remaining > 0 {
            let offset = reader.offset
            _ = try limits.checkedBlobCount(UInt64(blobs.count + 1), at: offset)
            let index = blobs.count
            let size = try limits.checkedBlobSize(try reader.varint(), index: index, total: &total, at: offset)
            blobs.append(try reader.take(size, "blob \(index)"))
        }
    }

    /// The whole body, copied once.
    public func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(16 + 9 * blobs.count + json.count + blobs.reduce(0) { $0 + $1.count })
        append(to: &out)
        return out
    }

    func append(to out: inout [UInt8]) {
        Varint.append(UInt64(json.count), to: &out)
        out.append(contentsOf: json)
        for blob in blobs {
            Varint.append(UInt64(blob.count), to: &out)
            out.append(contentsOf: blob)
        }
    }

    /// What precedes the first blob, for a server that streams blobs.
    public static func encodedHead(json: some Collection<UInt8>) -> [UInt8] {
        Varint.encoded(UInt64(json.count)) + json
    }

    /// What precedes the bytes of a blob of `sizeBytes`; an empty blob is this prefix alone.
    ///
    /// - Precondition: `sizeBytes` is not negative.
    public static func encodedBlobPrefix(sizeBytes: Int) -> [UInt8] {
        Varint.encoded(UInt64(sizeBytes))
    }

    /// The `Content-Length` of a response with these parts.
    public static func sizeBytes(jsonSizeBytes: Int, blobSizesBytes: some Sequence<Int>) -> Int {
        func framed(_ size: Int) -> Int { Varint.sizeBytes(of: UInt64(size)) + size }
        return blobSizesBytes.reduce(framed(jsonSizeBytes)) { $0 + framed($1) }
    }
}
