import Catalog
import ContentStore

/// Names every place that users see of which a catalog knows that bytes are lost.
struct RepairLosses {
    private static let pageValues = 256

    let catalogAt: String
    let storeID: String

    func find() async throws -> [Damage] {
        let (path, id) = (catalogAt, storeID)
        let catalog = try await blocking { try Catalog.open(at: path, mode: .readOnly, storeID: id) }
        do {
            let losses = try await find(in: catalog)
            try catalog.close()
            return losses
        } catch {
            try? catalog.close()
            throw error
        }
    }

    private func find(in catalog: Catalog) async throws -> [Damage] {
        let lost = Set(try await catalog.damagedChunks())
        var losses: [Damage] = []
        var last: ValueID?
        while true {
            let values = try await catalog.values(after: last, limit: Self.pageValues)
            guard !values.isEmpty else { return losses }
            for value in values {
                guard let (offset, message) = try await loss(in: value, lost, catalog) else { continue }
                losses += try await catalog.uses(of: value.id).map { Damage(use: $0, offset: offset, message: message) }
            }
            last = values.last?.id
        }
    }

    private func loss(in value: ValueRow, _ lost: Set<ChunkID>, _ catalog: Catalog) async throws -> (Int64, String)? {
        if let inline = value.inlineBytes {
            return IngestedValue(inline: inline).digest == value.digest ? nil : (0, "the value does not match its digest, and no copy of it was found")
        }
        var offset: Int64 = 0
        var pieces: [(digest: Digest, rawBytes: Int)] = []
        do {
            for segment in try await catalog.chunkList(value: value.id, overlapping: 0..<max(value.sizeBytes, 1)) {
                let places = try await catalog.locate(segment.entries.map(\.id))
                for entry in segment.entries {
                    guard let place = places[entry.id], place.rawBytes == entry.rawBytes else { return (offset, "the value's chunk list is damaged") }
                    if lost.contains(entry.id) { return (offset, "the bytes of chunk \(place.digest) were found nowhere") }
                    pieces.append((place.digest, entry.rawBytes))
                    offset += Int64(entry.rawBytes)
                }
            }
        } catch let error as ContentError {
            return (offset, error.description)
        }
        guard offset == value.sizeBytes else { return (offset, "nothing is left of the value from here on") }
        let isRight = IngestedValue.digest(ofPieces: pieces, sizeBytes: value.sizeBytes) == value.digest
        return isRight ? nil : (0, "the value's chunk list does not match its digest, and no copy of it was found")
    }
}

extension Damage {
    fileprivate init(use: ValueUseRow, offset: Int64, message: String) {
        self.init(
            modelID: use.modelID.map(ModelID.init(unchecked:)), stateID: use.stateID.map(StateID.init(unchecked:)),
            snapshotID: use.snapshotID.map(SnapshotID.init(unchecked:)),
            datasetID: use.datasetID.map(DatasetID.init(unchecked:)), key: use.key, offset: offset, message: message)
    }
}
