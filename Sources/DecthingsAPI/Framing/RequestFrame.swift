/// The body of an HTTP request: u8 blob count, varint JSON length, varint length of each blob, JSON, blobs.
public struct RequestFrame: Sendable, Hashable {
    /// The `params` value as JSON text.
    public var json: ArraySlice<UInt8>
    public var blobs: [ArraySlice<UInt8>]

    /// - Precondition: at most 255 blobs.
    public init(json: some Sequence<UInt8>, blobs: [ArraySlice<UInt8>] = []) {
        precondition(blobs.count <= 255, "a request frame counts its blobs in one byte")
        self.json = ArraySlice(json)
        self.blobs = blobs
    }

    /// Decodes a whole body. JSON and blobs are slices of `bytes`: nothing is copied.
    ///
    /// - Throws: `.truncated`, `.trailingBytes` or `.limitExceeded`.
    public init(decoding bytes: ArraySlice<UInt8>, limits: FrameLimits = FrameLimits()) throws(WireError) {
        var reader = ByteReader(bytes)
        let countOffset = reader.offset
        let count = try limits.checkedBlobCount(UInt64(try reader.byte("the number of blobs")), at: countOffset)
        let jsonOffset = reader.offset
        let jsonSize = try limits.checkedJSONSize(try reader.varint(), at: jsonOffset)
        var sizes: [Int] = []
        var total = 0
        for index in 0..<count {
            let offset = reader.offset
            sizes.append(try limits.checkedBlobSize(try reader.varint(), index: index, total: &total, at: offset))
        }
        json = try reader.take(jsonSize, "the JSON")
        blobs = []
        blobs.reserveCapacity(count)
        for (index, size) in sizes.enumerated() { blobs.append(try reader.take(size, "blob \(index)")) }
        guard reader.remaining == 0 else {
            throw .trailingRequestBytes(at: reader.offset)
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
        out.append(UInt8(blobs.count))
        Varint.append(UInt64(json.count), to: &out)
        for blob in blobs { Varint.append(UInt64(blob.count), to: &out) }
        out.append(contentsOf: json)
        for blob in blobs { out.append(contentsOf: blob) }
    }

    /// What precedes the blobs, for a client that streams them.
    ///
    /// - Precondition: at most 255 blobs, no negative length.
    public static func encodedHead(json: some Collection<UInt8>, blobSizesBytes: [Int]) -> [UInt8] {
        precondition(blobSizesBytes.count <= 255, "a request frame counts its blobs in one byte")
        var out: [UInt8] = [UInt8(blobSizesBytes.count)]
        Varint.append(UInt64(json.count), to: &out)
        for size in blobSizesBytes { Varint.append(UInt64(size), to: &out) }
        out.append(contentsOf: json)
        return out
    }
}

extension WireError {
    static func trailingRequestBytes(at offset: Int) -> WireError {
        WireError(
            .trailingBytes, "bytes follow the last blob of the request; end the body there", byteOffset: offset)
    }
}
