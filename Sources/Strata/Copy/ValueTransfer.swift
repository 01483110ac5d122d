import Catalog
import ContentStore

/// Takes values of one store into an ingest of another. What the destination has is not read: a value is known when all its
/// chunks are. What is read keeps the source's cuts, so that it is known the next time.
final class ValueTransfer {
    private enum Slot {
        case known(IngestedValue)
        /// Number of the value in the session.
        case written(Int)
    }

    private let source: StateStore
    private let destination: StateStore
    private let session: IngestSession
    private let horizon: Int64
    private var slots: [Slot] = []
    private var finished: [ValueWriter.Finished] = []
    private(set) var logicalBytes: Int64 = 0
    private(set) var readBytes: Int64 = 0

    init(from source: StateStore, to destination: StateStore, session: IngestSession, horizon: Int64) {
        (self.source, self.destination, self.session, self.horizon) = (source, destination, session, horizon)
    }

    /// Takes the next value.
    ///
    /// - Parameters:
    ///   - base: what its new chunks may be differences from; asked only when it has to be read.
    ///   - read: reads all of it in order.
    func add(
        _ id: ValueID, base: () async throws -> BaseChoice = { .none },
        read: (_ consume: (ArraySlice<UInt8>) async throws -> Void) async throws -> Void
    ) async throws {
        guard let row = try await source.catalog.value(id) else {
            throw ContentError(.corrupted, "value number \(id.rawValue) is not in the catalog; run `strata verify`")
        }
        logicalBytes += row.sizeBytes
        if let inline = row.inlineBytes {
            let value = IngestedValue(inline: inline)
            guard value.digest == row.digest else {
                throw ContentError(.corrupted, "a value that lies in the catalog does not match its digest", digest: row.digest)
            }
            return slots.append(.known(value))
        }
        let (cuts, known) = try await lookUp(row)
        if let known { return slots.append(.known(known)) }
        let number = finished.count
        let writer = session.beginValue(number: number, base: try await base(), cuts: cuts)
        try await read { piece in try await writer.write(piece) }
        finished.append(try await writer.finish())
        slots.append(.written(number))
        readBytes += row.sizeBytes
    }

    /// Takes an empty file's content.
    func addEmpty() { slots.append(.known(IngestedValue(inline: []))) }

    /// The value's cuts, as far as its list can be read; and the value itself when the destination has every chunk of it.
    private func lookUp(_ row: ValueRow) async throws -> (cuts: [Int], known: IngestedValue?) {
        var pieces: [ValuePiece] = []
        var offset: Int64 = 0
        var isKnown = true
        while offset < row.sizeBytes {
            let segment = try await source.catalog.chunkList(value: row.id, overlapping: offset..<offset + 1).last
            guard let segment, segment.firstOffset == offset, !segment.entries.isEmpty else { return (pieces.map(\.rawBytes), nil) }
            let places = try await source.catalog.locate(segment.entries.map(\.id))
            let digests = segment.entries.compactMap { places[$0.id]?.digest }
            // What is wrong with the list, reading the value will tell.
            guard digests.count == segment.entries.count else { return (pieces.map(\.rawBytes), nil) }
            let found = try await destination.catalog.locate(digests, horizon: horizon)
            for (number, entry) in segment.entries.enumerated() {
                isKnown = isKnown && found[number]?.rawBytes == entry.rawBytes
                pieces.append(ValuePiece(digest: digests[number], rawBytes: entry.rawBytes, known: found[number]?.id))
                offset += Int64(entry.rawBytes)
            }
        }
        let digest = IngestedValue.digest(ofPieces: pieces.map { ($0.digest, $0.rawBytes) }, sizeBytes: row.sizeBytes)
        isKnown = isKnown && digest == row.digest && offset == row.sizeBytes
        return (pieces.map(\.rawBytes), isKnown ? IngestedValue(digest: digest, sizeBytes: row.sizeBytes, content: .pieces(pieces)) : nil)
    }

    /// Seals what was written.
    ///
    /// - Parameter record: makes the commit record of all values that were taken; asked only when there is a pack.
    func finish(_ record: ([IngestedValue]) -> [CommitRecord] = { _ in [] }) async throws -> (packs: [SealedPack], values: [IngestedValue]) {
        let slots = slots
        func all(_ written: [IngestedValue]) -> [IngestedValue] {
            slots.map { slot in
                switch slot {
                case .known(let value): value
                case .written(let number): written[number]
                }
            }
        }
        let (packs, written) = try await session.finish(values: finished) { record(all($0)) }
        return (packs, all(written))
    }
}
