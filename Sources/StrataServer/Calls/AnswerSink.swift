import DecthingsAPI

/// Where a call's answer goes. `begin` once, then the bytes of the blobs that it announced, in order; the sink puts each
/// blob's length before it. One task at a time.
protocol AnswerSink: Sendable {
    /// - Throws: `CallAborted` when the client is gone.
    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws
    /// The next bytes of the blobs; waits while the client is slow. A piece never crosses the end of a blob.
    func write(_ bytes: ArraySlice<UInt8>) async throws
}

extension AnswerSink {
    /// An answer without blobs, or with blobs that lie in memory.
    func answer(_ result: some Encodable, blobs: [[UInt8]] = []) async throws {
        try await begin(Envelope(result: result), blobSizesBytes: blobs.map(\.count))
        for blob in blobs where !blob.isEmpty { try await write(blob[...]) }
    }
}
