import ContentStore

/// The states that fill a large catalog for benchmarks: weights that are trained on, each version in a pack of its own.
///
/// Every eighth state is a first version, the others are differences from it. No bytes stand behind them: they can be
/// listed, counted, snapshotted and deleted like any other, never read. Everything follows from the state's number.
package struct BulkStates: Sendable {
    static let chainLength = 8
    package static let chunkBytes = 256 << 10

    package let modelID: String
    package let count: Int
    package let chunksPerState: Int

    /// - Precondition: `count` is not negative, `chunksPerState` is 1 to 4096.
    package init(modelID: String, count: Int, chunksPerState: Int = 10) {
        precondition(count >= 0 && (1...ChunkListSegment.entriesMax).contains(chunksPerState))
        self.modelID = modelID
        self.count = count
        self.chunksPerState = chunksPerState
    }

    /// The commit that would make this state, if its bytes existed.
    package func commit(_ number: Int) -> StateCommit {
        let (chunks, size) = chunks(number)
        let valueSize = Int64(chunksPerState * Self.chunkBytes)
        let value = IngestedValue(
            digest: IngestedValue.digest(ofPieces: chunks.map { ($0.digest, $0.rawBytes) }, sizeBytes: valueSize),
            sizeBytes: valueSize, content: .pieces(chunks.map { ValuePiece(digest: $0.digest, rawBytes: $0.rawBytes, known: nil) }))
        return StateCommit(
            modelID: modelID, stateID: stateID(number), name: "step \(number)", createdAt: 1_700_000_000_000 + Int64(number),
            baseState: isFirst(number) ? nil : stateID(number - 1), lineageJSON: "[]", mountsJSON: "[]", keys: [("weights", value)],
            packs: [SealedPack(name: PackName(digest(.pack, number)), sizeBytes: size, chunks: chunks)], makeActive: false,
            deleteStates: [], endsCreation: false)
    }

    func isFirst(_ number: Int) -> Bool { number % Self.chainLength == 0 }

    /// How many states' chunks are differences from this one's.
    func differences(from number: Int) -> Int {
        isFirst(number) ? min(Self.chainLength, count - number) - 1 : 0
    }

    private func chunks(_ number: Int) -> (chunks: [PackedChunk], packBytes: Int64) {
        var offset: Int64 = 64
        let first = number - number % Self.chainLength
        let chunks = (0..<chunksPerState).map { part in
            let name = digest(.chunk, number, part)
            // Sizes as fine-tuning in fp32 leaves them: 0.84 of a first version, 0.34 of a next one, give or take.
            let share = (isFirst(number) ? 840 : 340) + Int(truncatingIfNeeded: name.head & 31)
            let chunk = PackedChunk(
                digest: name, offset: offset, storedBytes: Self.chunkBytes / 1000 * share, rawBytes: Self.chunkBytes,
                encoding: isFirst(number)
                    ? .planes(elementBytes: 4, phase: 0, ranksExponents: true) : .difference(elementBytes: 4, phase: 0, isOrdered: true),
                checksum: UInt32(truncatingIfNeeded: name.head >> 32), base: isFirst(number) ? nil : digest(.chunk, first, part))
            offset += Int64(chunk.storedBytes)
            return chunk
        }
        // The index takes about 80 bytes a chunk, the commit record a few hundred.
        return (chunks, offset + Int64(400 + 80 * chunksPerState))
    }

    private enum Kind: UInt8 {
        case chunk = 1
        case pack = 2
        case state = 3
    }

    private func digest(_ kind: Kind, _ number: Int, _ part: Int = 0) -> Digest {
        var bytes = [kind.rawValue]
        for word in [UInt64(number), UInt64(part)] { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        return Digest(of: bytes)
    }

    /// An id in the form of those that stores make.
    package func stateID(_ number: Int) -> String {
        let hex = Array(digest(.state, number).hex.utf8)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(decoding: hex[$0], as: UTF8.self) }
        return groups.joined(separator: "-")
    }
}
