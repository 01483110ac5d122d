import ContentStore

extension StateStore {
    /// A session that takes values in; its packs are part of the store once a transaction names them.
    ///
    /// - Parameter keepsInline: small values lie in the catalog.
    func ingestSession(horizon: Int64, keepsInline: Bool = true) throws -> IngestSession {
        let options = IngestOptions(
            chunkSizes: self.options.ingest.chunkSizes, inlineBytesMax: keepsInline ? self.options.ingest.inlineBytesMax : 0)
        copier?.prepare()
        return IngestSession(
            staging: try writing(), packsFolder: layout.packs, reader: reader, horizon: horizon, options: options, memory: ingestMemory)
    }
}

extension IngestSettings {
    var chunkSizes: ChunkSizes {
        ChunkSizes(minBytes: averageChunkBytes / 2, averageBytes: averageChunkBytes, maxBytes: averageChunkBytes * 2)
    }
}
