import DecthingsAPI

/// The blobs of a call. They come over the wire in their order and can be read once: a blob that is passed over is gone.
/// One task at a time.
protocol RequestBlobs: Sendable {
    /// Known before the first byte of a blob.
    var sizesBytes: [Int] { get }

    /// Hands the bytes of blob `index` to `consume`, a piece at a time, as they arrive.
    ///
    /// - Precondition: no blob with this or a higher index was read before.
    /// - Throws: what `consume` throws; `CallAborted` when the client went away or broke the frame.
    func read(_ index: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws
}

/// The client is gone, or what it sent is no frame: there is nobody to answer.
struct CallAborted: Error {}

extension RequestBlobs {
    /// The whole of blob `index`.
    ///
    /// - Throws: `invalid_parameter` named `parameterName` when it has more than `sizeBytesMax` bytes, before any is read.
    func bytes(of index: Int, sizeBytesMax: Int, parameterName: String) async throws -> [UInt8] {
        let size = sizesBytes[index]
        guard size <= sizeBytesMax else {
            throw APIError.invalidParameter(
                parameterName, "blob \(index) has \(size) bytes; at most \(sizeBytesMax) are allowed here")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        try await read(index) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Refuses a call whose blobs are not as many as its params call for.
    func require(count: Int, parameterName: String = "params") throws(APIError) {
        guard sizesBytes.count == count else {
            throw .invalidParameter(
                parameterName, "the request carries \(sizesBytes.count) blobs, these params call for \(count)")
        }
    }
}

/// Blobs that lie in memory already, as those of a WebSocket message do.
struct BufferedBlobs: RequestBlobs {
    let blobs: [ArraySlice<UInt8>]

    var sizesBytes: [Int] { blobs.map(\.count) }

    func read(_ index: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        if !blobs[index].isEmpty { try await consume(blobs[index]) }
    }
}
