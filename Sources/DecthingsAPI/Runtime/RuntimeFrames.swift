/// Encoders for what the host sends to a model process.
public enum RuntimeFrames {
    /// A command frame: `00`, u64 length, JSON.
    public static func command(_ command: RuntimeCommand) -> [UInt8] {
        let json = command.jsonValue.serialized()
        var out: [UInt8] = [0]
        out.reserveCapacity(9 + json.count)
        out.appendBigEndian(UInt64(json.count))
        out.append(contentsOf: json)
        return out
    }

    /// The head of a data frame: `01`, u32 request id, u32 number of items. `itemCount` items must follow, each
    /// `dataItemHead(sizeBytes:)` and its bytes.
    public static func dataHead(requestID: UInt32, itemCount: UInt32) -> [UInt8] {
        var out: [UInt8] = [1]
        out.appendBigEndian(requestID)
        out.appendBigEndian(itemCount)
        return out
    }

    /// What precedes the bytes of one item: its u64 length.
    public static func dataItemHead(sizeBytes: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        out.appendBigEndian(sizeBytes)
        return out
    }

    /// A whole data frame, copied once; for items that are in memory anyway.
    ///
    /// - Precondition: fewer than 2^32 items.
    public static func data(requestID: UInt32, items: [ArraySlice<UInt8>]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(9 + items.reduce(0) { $0 + 8 + $1.count })
        out.append(contentsOf: dataHead(requestID: requestID, itemCount: UInt32(items.count)))
        for item in items {
            out.appendBigEndian(UInt64(item.count))
            out.append(contentsOf: item)
        }
        return out
    }

    /// A result or event frame as a model process sends it; for runtimes written in Swift and for tests.
    public static func processMessage(
        json: some Collection<UInt8>, blobs: [ArraySlice<UInt8>] = [], trailingByte: UInt8 = 0
    ) -> [UInt8] {
        var out: [UInt8] = [0]
        out.appendBigEndian(UInt32(blobs.count))
        out.appendBigEndian(UInt64(json.count))
        out.append(contentsOf: json)
        for blob in blobs {
            out.appendBigEndian(UInt64(blob.count))
            out.append(contentsOf: blob)
        }
        out.append(trailingByte)
        return out
    }

    /// A data event frame as a model process sends it; for runtimes written in Swift and for tests.
    public static func processDataEvent(json: some Collection<UInt8>) -> [UInt8] {
        var out: [UInt8] = [1]
        out.appendBigEndian(UInt64(json.count))
        out.append(contentsOf: json)
        return out
    }
}
