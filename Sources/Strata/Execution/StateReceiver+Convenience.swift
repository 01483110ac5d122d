extension StateReceiver {
    /// Provides one whole key.
    public func provide(_ key: String, _ bytes: [UInt8]) async throws {
        try await beginKey(key, sizeBytes: Int64(bytes.count))
        try await write(bytes[...])
        try await endKey()
    }
}

extension ItemSource {
    /// One item's bytes, whole; for items that are known to be small.
    public func bytes(of item: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await read(item: item) { bytes.append(contentsOf: $0) }
        return bytes
    }
}
