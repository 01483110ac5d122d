import Catalog
import ContentStore

extension StateStore {
    /// Reads every chunk once and every value's description, and checks all against their digests.
    ///
    /// Runs beside readers and writers and changes nothing; what is committed meanwhile may be left out. A damaged chunk is
    /// reported wherever a state, snapshot, file or dataset uses it.
    ///
    /// - Parameter progress: called now and then, from any thread.
    /// - Complexity: one pass over all packs on all cores; memory of a few MiB, an error a damaged chunk, and about
    ///   40 bytes a chunk of the largest value.
    public func verify(
        progress: (@Sendable (VerificationProgress) -> Void)? = nil
    ) async throws(StrataError) -> VerificationReport {
        try await translating {
            try await holdingHorizon { _ in
                let verification = Verification(catalog: catalog, reader: reader, progress: progress)
                return try await verification.run()
            }
        }
    }
}

private struct Verification {
    /// Chunks that one task checks.
    static let groupChunks = 32
    static let pageValues = 256

    let catalog: Catalog
    let reader: ChunkReader
    let progress: (@Sendable (VerificationProgress) -> Void)?

    func run() async throws -> VerificationReport {
        let (count, bytes, damaged) = try await checkChunks()
        var damages: [Damage] = []
        var checkedValues = 0
        var last: ValueID?
        while true {
            let values = try await catalog.values(after: last, limit: Self.pageValues)
            guard !values.isEmpty else { break }
            for value in values {
                try Task.checkCancellation()
                if let (offset, message) = try await problem(of: value, damaged: damaged) {
                    damages += try await catalog.uses(of: value.id).map { Damage($0, offset: offset, message: message) }
                }
            }
            checkedValues += values.count
            last = values.last?.id
        }
        return VerificationReport(
            checkedChunks: count, checkedValues: checkedValues, checkedBytes: bytes, damages: damages)
    }

    private func checkChunks() async throws -> (count: Int, bytes: Int64, damaged: [ChunkID: ContentError]) {
        let total = try await catalog.chunkBytes()
        var (count, bytes): (Int, Int64) = (0, 0)
        var damaged: [ChunkID: ContentError] = [:]
        var last: ChunkID?
        while true {
            let rows = try await catalog.chunks(after: last, limit: Self.groupChunks * WorkerExecutor.width)
            guard !rows.isEmpty else { return (count, bytes, damaged) }
            let found = try await withThrowingTaskGroup(of: [ChunkID: ContentError].self) { group in
                for start in stride(from: 0, to: rows.count, by: Self.groupChunks) {
                    let ids = rows[start..<min(start + Self.groupChunks, rows.count)].map(\.id)
                    group.addTask { try await reader.damages(among: ids) }
                }
                return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
            }
            damaged.merge(found) { first, _ in first }
            count += rows.count
            bytes += rows.reduce(0) { $0 + Int64($1.rawBytes) }
            last = rows.last?.id
            progress?(VerificationProgress(checkedBytes: bytes, totalBytes: max(total, bytes)))
        }
    }

    /// What is wrong with a value, and where; nil when nothing is.
    private func problem(of value: ValueRow, damaged: [ChunkID: ContentError]) async throws -> (Int64, String)? {
        if let inline = value.inlineBytes {
            return IngestedValue(inline: inline).digest == value.digest
                ? nil : (0, "the value lies in the catalog and does not match its digest")
        }
        var pieces: [(digest: Digest, rawBytes: Int)] = []
        var offset: Int64 = 0
        do {
            for segment in try await catalog.chunkList(value: value.id, overlapping: 0..<value.sizeBytes) {
                guard segment.firstOffset == offset else { return (offset, "the value's chunk list has a gap") }
                let locations = try await catalog.locate(segment.entries.map(\.id))
                for entry in segment.entries {
                    if let error = damaged[entry.id] { return (offset, error.description) }
                    guard let location = locations[entry.id], location.rawBytes == entry.rawBytes else {
                        return (offset, "chunk number \(entry.id.rawValue) of the value's list is not in the catalog")
                    }
                    pieces.append((location.digest, entry.rawBytes))
                    offset += Int64(entry.rawBytes)
                }
            }
        } catch let error as ContentError {
            return (offset, error.description)
        }
        let isRight = IngestedValue.digest(ofPieces: pieces, sizeBytes: value.sizeBytes) == value.digest
        return isRight && offset == value.sizeBytes ? nil : (offset, "the value's chunk list does not match its digest")
    }
}

extension Damage {
    init(_ use: ValueUseRow, offset: Int64, message: String) {
        self.init(
            modelID: use.modelID.map(ModelID.init(unchecked:)), stateID: use.stateID.map(StateID.init(unchecked:)),
            snapshotID: use.snapshotID.map(SnapshotID.init(unchecked:)),
            datasetID: use.datasetID.map(DatasetID.init(unchecked:)), key: use.key, offset: offset, message: message)
    }
}
