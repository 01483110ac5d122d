extension ChunkReader {
    /// What one task decodes: at most so many chunks, and no more bytes unless one chunk alone has more.
    private static let runChunksMax = 8
    private static let runBytesMax = 4 << 20

    /// A run of chunks and the part of each that is wanted.
    private struct Run: Sendable {
        var chunks: [(entry: ChunkListEntry, wanted: Range<Int>)] = []
        var bytes = 0
        /// The position of its first chunk among those of all runs.
        var first = 0

        func hasRoom(for entry: ChunkListEntry) -> Bool {
            chunks.count < runChunksMax && bytes + entry.rawBytes <= runBytesMax
        }

        mutating func append(_ entry: ChunkListEntry, _ wanted: Range<Int>) {
            chunks.append((entry, wanted))
            bytes += entry.rawBytes
        }
    }

    /// Reads a range of a value, in order, decoding on all cores ahead of the consumer.
    ///
    /// - Parameters:
    ///   - segment: the chunks; `range` is clipped to them.
    ///   - range: bytes of the value.
    ///   - consume: gets the bytes in order, in pieces of at most one chunk. What it throws passes through.
    /// - Throws: `ContentError`; `CancellationError` when the task is cancelled.
    /// - Complexity: two batched look-ups for some 16 to 256 chunks; at most `WorkerExecutor.width + 1`
    ///   runs of 4 MiB are held in memory.
    public func read(
        _ segment: ChunkListSegment, range: Range<Int64>, _ consume: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        let runs = Self.runs(of: segment, range: range)
        guard !runs.isEmpty else { return }
        let list = LocatedList(runs.flatMap { $0.chunks.map(\.entry) }, self)
        try await withThrowingTaskGroup(of: (Int, [ArraySlice<UInt8>]).self) { group in
            var started = 0
            var ready: [Int: [ArraySlice<UInt8>]] = [:]
            for next in 0..<runs.count {
                while started < min(runs.count, next + WorkerExecutor.width + 1) {
                    let (number, run) = (started, runs[started])
                    started += 1
                    if let pieces = kept(run) {
                        ready[number] = pieces
                        continue
                    }
                    group.addTask(executorPreference: WorkerExecutor.shared) { (number, try await self.read(run, of: list)) }
                }
                while ready[next] == nil {
                    guard let (number, pieces) = try await group.next() else { break }
                    ready[number] = pieces
                }
                try Task.checkCancellation()
                for piece in ready.removeValue(forKey: next) ?? [] { try await consume(piece) }
            }
        }
    }

    private static func runs(of segment: ChunkListSegment, range: Range<Int64>) -> [Run] {
        var runs: [Run] = []
        var offset = segment.firstOffset
        for entry in segment.entries {
            let wanted = range.clamped(to: offset..<offset + Int64(entry.rawBytes))
            if !wanted.isEmpty {
                if !(runs.last?.hasRoom(for: entry) ?? false) { runs.append(Run(first: runs.last.map { $0.first + $0.chunks.count } ?? 0)) }
                let part = Int(wanted.lowerBound - offset)..<Int(wanted.upperBound - offset)
                runs[runs.count - 1].append(entry, part)
            }
            offset += Int64(entry.rawBytes)
        }
        return runs
    }

    private func kept(_ run: Run) -> [ArraySlice<UInt8>]? {
        kept(run.chunks.map(\.entry.id)).map { chunks in zip(chunks, run.chunks).map { $0[$1.wanted] } }
    }

    private func read(_ run: Run, of list: LocatedList) async throws -> [ArraySlice<UInt8>] {
        do {
            return try await readOnce(run, of: list)
        } catch let error as ContentError where error.code == .notFound {
            // Compaction may have moved a chunk between look-up and read: its new place is in the index already.
            closePacks()
            list.forget()
            return try await readOnce(run, of: list)
        }
    }

    private func readOnce(_ run: Run, of list: LocatedList) async throws -> [ArraySlice<UInt8>] {
        let locations = try await list.places(of: run.first..<run.first + run.chunks.count)
        var chunks: [(bytes: [UInt8], location: ChunkLocation)] = []
        for (entry, wanted) in run.chunks {
            try Task.checkCancellation()
            guard let (location, base) = locations[entry.id], location.rawBytes == entry.rawBytes else {
                throw ContentError(.corrupted, "chunk number \(entry.id.rawValue) of a chunk list is not in the catalog; run `strata verify`")
            }
            try check(location)
            let bytes = try makeArray(count: location.rawBytes) { target throws(ContentError) in
                // A part of a chunk: more of it, or of a version beside it, is likely to be read next.
                try self.readUnverified(location, base: base, keepsBase: wanted.count < entry.rawBytes, into: target)
            }
            chunks.append((bytes, location))
        }
        for (digest, chunk) in zip(Digest.each(of: chunks.map(\.bytes)), chunks) { try verify(digest, chunk.location) }
        keep(zip(chunks, run.chunks).map { chunk, wish in (wish.entry.id, chunk.bytes) })
        return zip(chunks, run.chunks).map { chunk, wish in chunk.bytes[wish.wanted] }
    }

    /// Where chunks and their bases lie: one query, and one more when there are differences.
    func locate(_ ids: [ChunkID]) async throws -> [ChunkID: (ChunkLocation, base: ChunkLocation?)] {
        let locations = try await index.locate(ids)
        let baseIDs = Array(Set(locations.values.compactMap(\.base)))
        let bases = baseIDs.isEmpty ? [:] : try await index.locate(baseIDs)
        return locations.mapValues { location in (location, location.base.flatMap { bases[$0] }) }
    }
}
