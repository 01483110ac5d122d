import Synchronization

/// What happens to a batch on a worker: hash, look up, encode what is new.
extension IngestSession {
    func encode(_ batch: ChunkBatch) async throws -> EncodedBatch {
        let digests = Digest.each(of: batch.chunks.indices.map { batch.bytes(of: $0) })
        let located = try await reader.index.locate(digests, horizon: horizon)
        let fresh = claim(digests, located: located)
        let pieces = digests.indices.map {
            ValuePiece(digest: digests[$0], rawBytes: batch.chunks[$0].count, known: located[$0]?.id)
        }
        guard !fresh.isEmpty else {
            return EncodedBatch(valueNumber: batch.valueNumber, pieces: pieces, records: nil, recordBytes: 0, chunks: [])
        }
        let bases = try await bases(of: batch, for: fresh)
        let records = appender.recordBuffers.take()
        do {
            let (chunks, recordBytes) = try memory.withScratch { scratch in
                try encode(batch, fresh: fresh, digests: digests, bases: bases, with: scratch, into: records)
            }
            return EncodedBatch(
                valueNumber: batch.valueNumber, pieces: pieces, records: records, recordBytes: recordBytes, chunks: chunks)
        } catch {
            appender.recordBuffers.giveBack(records)
            throw error
        }
    }

    /// The chunks that this batch must store: unknown to the index and to the session's other batches.
    private func claim(_ digests: [Digest], located: [ChunkLocation?]) -> [Int] {
        claims.withLock { claims in
            digests.indices.filter { located[$0] == nil && claims.insert(digests[$0]).inserted }
        }
    }

    /// For each fresh chunk with an aligned base, the chunk to take the difference from: never itself a difference.
    private func bases(of batch: ChunkBatch, for fresh: [Int]) async throws -> [Int: ChunkLocation] {
        let entries = fresh.compactMap { chunk in batch.baseEntry(of: chunk).map { (chunk, $0.id) } }
        guard let list = batch.base, let first = entries.first?.0, let last = entries.last?.0 else { return [:] }
        let located = try await list.places(of: batch.firstChunk + first..<batch.firstChunk + last + 1)
        var bases: [Int: ChunkLocation] = [:]
        for (chunk, id) in entries {
            guard let (location, root) = located[id], let base = location.base == nil ? location : root,
                base.rawBytes == batch.chunks[chunk].count
            else { continue }
            bases[chunk] = base
        }
        return bases
    }

    /// The bytes to take a difference from; nil when they are damaged, cannot be read, or were moved just now: a base only
    /// saves room.
    private func baseBytes(
        _ location: ChunkLocation, of list: LocatedList?, in scratch: EncodeScratch
    ) throws(ContentError) -> UnsafeRawBufferPointer? {
        let memory = scratch.base(count: location.rawBytes)
        do throws(ContentError) {
            try reader.readBase(location, into: memory)
            return UnsafeRawBufferPointer(memory)
        } catch where error.saysThatABaseCannotBeUsed {
            // Those that follow are looked for where they are now.
            if error.code == .notFound { list?.forget() }
            return nil
        }
    }

    private func encode(
        _ batch: ChunkBatch, fresh: [Int], digests: [Digest], bases: [Int: ChunkLocation], with scratch: EncodeScratch,
        into records: BufferPool.Buffer
    ) throws(ContentError) -> (chunks: [PackedChunk], recordBytes: Int) {
        var chunks: [PackedChunk] = []
        var offset = 0
        for chunk in fresh {
            let raw = batch.bytes(of: chunk)
            let baseBytes = try bases[chunk].flatMap { location throws(ContentError) in try self.baseBytes(location, of: batch.base, in: scratch) }
            let base = baseBytes == nil ? nil : bases[chunk]
            // The payload goes where it will lie if a base digest is needed, and moves down when it is not.
            let headBytes = PackFormat.recordHeadSizeBytes + (base == nil ? 0 : Digest.sizeBytes)
            let room = UnsafeMutableRawBufferPointer(rebasing: records.bytes[(offset + headBytes)...])
            let (encoding, storedBytes) = scratch.encode(raw, base: baseBytes, into: room)
            let usesBase = encoding.codec == .difference
            let recordBase = usesBase ? base : nil
            let payloadAt = offset + PackFormat.recordHeadSizeBytes + (usesBase ? Digest.sizeBytes : 0)
            if payloadAt != offset + headBytes {
                memmoveBytes(records.bytes, from: offset + headBytes, to: payloadAt, count: storedBytes)
            }
            let payload = UnsafeRawBufferPointer(rebasing: records.bytes[payloadAt..<payloadAt + storedBytes])
            let packed = PackedChunk(
                digest: digests[chunk], offset: Int64(payloadAt), storedBytes: storedBytes, rawBytes: raw.count,
                encoding: encoding, checksum: PackFormat.checksum(payload), base: recordBase?.digest)
            let head = packed.recordHead()
            UnsafeMutableRawBufferPointer(rebasing: records.bytes[offset...]).copyBytes(from: head)
            chunks.append(packed)
            offset = payloadAt + storedBytes
        }
        return (chunks, offset)
    }
}

extension ContentError {
    /// The chunk's own bytes or its pack are at fault, not the process (which has too many files open, say).
    var saysThatABaseCannotBeUsed: Bool { [.corrupted, .notFound, .io].contains(code) }
}

private func memmoveBytes(_ buffer: UnsafeMutableRawBufferPointer, from: Int, to: Int, count: Int) {
    // `copyMemory` allows overlapping regions.
    UnsafeMutableRawBufferPointer(rebasing: buffer[to..<to + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[from..<from + count]))
}

extension PackedChunk {
    /// The record's head: 56 bytes, and the base's digest after them for a difference.
    ///
    /// ```
    /// "CHNK" | encoding 4 | stored bytes u32 | raw bytes u32 | digest 32 | payload CRC-32C u32 | head CRC-32C u32 | base 32?
    /// ```
    /// The head's checksum covers the 52 bytes before it and the base digest.
    func recordHead() -> [UInt8] {
        var writer = LittleEndianWriter(capacity: PackFormat.recordHeadSizeBytes + Digest.sizeBytes)
        writer.append(PackFormat.recordMagic)
        writer.append(encoding.packed)
        writer.append(UInt32(storedBytes))
        writer.append(UInt32(rawBytes))
        writer.append(contentsOf: digest.bytes)
        writer.append(checksum)
        let baseBytes = base?.bytes ?? []
        writer.append(PackFormat.checksum(writer.bytes + baseBytes))
        writer.append(contentsOf: baseBytes)
        return writer.bytes
    }
}
