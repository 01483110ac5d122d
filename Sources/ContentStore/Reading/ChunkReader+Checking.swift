extension ChunkReader {
    /// Reads, decodes and checks chunks against their digests, one after another.
    ///
    /// - Returns: what is wrong with those that are damaged or missing; the others are sound.
    /// - Throws: errors that say nothing about the chunks: of the index, of the system (open files, rights), cancellation.
    /// - Complexity: two batched look-ups; a read, a decode and a hash a chunk. Memory: two chunks and the base cache.
    public func damages(among ids: [ChunkID]) async throws -> [ChunkID: ContentError] {
        let located = try await locate(ids)
        var damages: [ChunkID: ContentError] = [:]
        for id in ids {
            try Task.checkCancellation()
            guard let (location, base) = located[id] else {
                damages[id] = ContentError(.corrupted, "chunk number \(id.rawValue) is not in the catalog")
                continue
            }
            let damage = try await WorkerExecutor.run { () throws(ContentError) in try self.damage(location, base: base) }
            if let damage { damages[id] = damage }
        }
        return damages
    }

    private func damage(_ location: ChunkLocation, base: ChunkLocation?) throws(ContentError) -> ContentError? {
        do throws(ContentError) {
            _ = try makeArray(count: location.rawBytes) { target throws(ContentError) in
                try self.read(location, base: base, into: target)
            }
            return nil
        } catch {
            guard [.corrupted, .notFound, .unsupportedVersion].contains(error.code) else { throw error }
            return error
        }
    }
}
