import Catalog
import ContentStore

/// Holds the descriptions of values against their digests, and finds where damaged chunks are used.
struct ValueVerification {
    static let pageValues = 256
    /// Damage that is told of one value: the rest of a value that is damaged everywhere says nothing more.
    static let damagesOfAValueMax = 1000

    struct Found {
        var count = 0
        var damages: [Damage] = []
        /// The last value that was looked at; nil at the beginning.
        var reached: Int64?
    }

    /// What is wrong at one place of a value.
    struct Problem: Sendable {
        let offset: Int64
        let message: String
        var chunk: DamagedChunk?
    }

    let catalog: Catalog
    let damaged: [ChunkID: DamagedChunk]
    let damagesMax: Int

    /// Goes once round all values in use, or until so many were looked at.
    func run(from start: Int64?, budget: Int64?) async throws -> Found {
        var found = Found()
        var round = VerificationRound(from: start)
        while found.damages.count < damagesMax {
            let rest = (budget ?? Int64.max) - Int64(found.count)
            guard rest > 0 else { break }
            let next = try await round.next({ (row: ValueRow) in row.id.rawValue }) { after in
                try await catalog.values(after: after.map(ValueID.init), limit: Int(min(rest, Int64(Self.pageValues))))
            }
            guard let values = next else { break }
            found.damages += try await check(values)
            found.count += values.count
            round.advance(to: values.last!.id.rawValue)
        }
        found.reached = round.last
        return found
    }

    private func check(_ values: [ValueRow]) async throws -> [Damage] {
        let groupValues = (values.count + WorkerExecutor.width - 1) / WorkerExecutor.width
        return try await withThrowingTaskGroup(of: [Damage].self) { group in
            for start in stride(from: 0, to: values.count, by: groupValues) {
                let part = values[start..<min(start + groupValues, values.count)]
                group.addTask {
                    var damages: [Damage] = []
                    for value in part {
                        try Task.checkCancellation()
                        damages += try await self.damages(of: value)
                    }
                    return damages
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func damages(of value: ValueRow) async throws -> [Damage] {
        guard try await !problems(of: value).isEmpty else { return [] }
        // Deleted or replaced since it was read: no damage. Asked first, so that what is found then was there in between.
        let problems = try await problems(of: value)
        guard !problems.isEmpty, try await catalog.isInUse(value.id) else { return [] }
        let uses = try await catalog.uses(of: value.id)
        guard !uses.isEmpty else {
            return problems.map { Damage(nil, $0, "value number \(value.id.rawValue), which no state or file shows: \($0.message)") }
        }
        return uses.flatMap { use in problems.map { Damage(use, $0, $0.message) } }
    }

    /// What is wrong with a value, and where; empty when nothing is.
    private func problems(of value: ValueRow) async throws -> [Problem] {
        if let inline = value.inlineBytes {
            guard Int64(inline.count) == value.sizeBytes else {
                let message = "the value has \(inline.count) bytes and a size of \(value.sizeBytes) in the catalog"
                return [Problem(offset: 0, message: message)]
            }
            return IngestedValue(inline: inline).digest == value.digest
                ? [] : [Problem(offset: 0, message: "the value lies in the catalog and does not match its digest")]
        }
        var problems: [Problem] = []
        var digest = PieceDigest(sizeBytes: value.sizeBytes)
        var offset: Int64 = 0
        do {
            while offset < value.sizeBytes {
                let segments = try await catalog.chunkList(value: value.id, overlapping: offset..<offset + 1)
                guard let segment = segments.last, segment.firstOffset == offset, !segment.entries.isEmpty else {
                    return problems + [Problem(offset: offset, message: "the value's chunk list has a gap")]
                }
                let locations = try await catalog.locate(segment.entries.map(\.id))
                for entry in segment.entries {
                    guard let location = locations[entry.id], location.rawBytes == entry.rawBytes else {
                        let message = "chunk number \(entry.id.rawValue) of the value's list is not in the catalog"
                        return problems + [Problem(offset: offset, message: message)]
                    }
                    if let chunk = damaged[entry.id], problems.count < Self.damagesOfAValueMax {
                        problems.append(Problem(offset: offset, message: chunk.error.description, chunk: chunk))
                    }
                    digest.add(location.digest, rawBytes: entry.rawBytes)
                    offset += Int64(entry.rawBytes)
                }
            }
        } catch let error as ContentError {
            return problems + [Problem(offset: offset, message: error.description)]
        } catch let error as CatalogError {
            guard error.code == .corrupted else { throw error }
            return problems + [Problem(offset: offset, message: error.description)]
        }
        let isRight = digest.finalize() == value.digest && offset == value.sizeBytes
        return isRight ? problems : problems + [Problem(offset: offset, message: "the value's chunk list does not match its digest")]
    }
}

extension Damage {
    init(_ use: ValueUseRow?, _ problem: ValueVerification.Problem, _ message: String) {
        self.init(
            modelID: use?.modelID.map(ModelID.init(unchecked:)), stateID: use?.stateID.map(StateID.init(unchecked:)),
            snapshotID: use?.snapshotID.map(SnapshotID.init(unchecked:)),
            datasetID: use?.datasetID.map(DatasetID.init(unchecked:)), key: use?.key, offset: problem.offset,
            chunk: problem.chunk?.location?.digest.hex ?? problem.chunk?.error.digest?.hex,
            pack: problem.chunk?.location?.pack.description, message: message)
    }
}
