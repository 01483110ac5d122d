import Catalog
import ContentStore

/// Reads a state's values: whole, by range, or as a stream. Every byte is checked against its digest.
///
/// What a reader sees stays as it was when it was made, and cannot vanish before the closure that got it returns.
public struct StateReader: Sendable {
    /// The keys in the order in which they were provided.
    public let keys: [StateKey]
    /// Names the state or snapshot in errors.
    let what: String
    let context: [String: String]
    let values: [ValueID]
    let catalog: Catalog
    let reader: ChunkReader

    init(keys: [KeyRow], what: String, context: [String: String], catalog: Catalog, reader: ChunkReader) {
        self.keys = keys.map { StateKey(key: $0.key, sizeBytes: $0.sizeBytes) }
        self.what = what
        self.context = context
        values = keys.map(\.value)
        self.catalog = catalog
        self.reader = reader
    }

    /// Whether there is such a key, and its size.
    public func sizeBytes(of key: String) -> Int64? { keys.first { $0.key == key }?.sizeBytes }

    /// Reads a key's whole value into memory.
    /// - Throws: `state_key_not_found`; `corrupted` naming model, state, key and offset.
    public func bytes(of key: String) async throws(StrataError) -> [UInt8] {
        try await bytes(of: key, in: 0..<Int64.max)
    }

    /// Reads a range of a key's value, clipped to its size, without reading the rest.
    public func bytes(of key: String, in range: Range<Int64>) async throws(StrataError) -> [UInt8] {
        try await translating {
            var bytes: [UInt8] = []
            // What the catalog says of a size is not proved before the bytes are there.
            bytes.reserveCapacity(min(range.clamped(to: 0..<(sizeBytes(of: key) ?? 0)).count, 1 << 30))
            try await read(key, in: range) { bytes.append(contentsOf: $0) }
            return bytes
        }
    }

    /// Streams a key's value in order, decoding ahead of the consumer in bounded memory.
    ///
    /// - Parameter consume: gets pieces of at most 1 MiB or one chunk. What it throws passes through unchanged.
    public func read(
        _ key: String, in range: Range<Int64> = 0..<Int64.max, _ consume: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        guard let position = keys.firstIndex(where: { $0.key == key }) else {
            throw StrataError.stateKeyNotFound(key, in: what, keys: keys.map(\.key))
        }
        let clipped = range.clamped(to: 0..<keys[position].sizeBytes)
        let source = ValueSource(id: values[position], catalog: catalog, reader: reader)
        var offset = clipped.lowerBound
        do {
            try await source.read(clipped) { piece in
                try await consume(piece)
                offset += Int64(piece.count)
            }
        } catch let error as ContentError {
            // So that the next ingest of the same content writes it anew.
            if error.code == .corrupted, let digest = error.digest, !catalog.isReadOnly { try? await catalog.markDamaged(digest) }
            throw damaged(error, key: key, offset: offset)
        }
    }

    /// A reader of random ranges of a key's value, without reading the rest.
    ///
    /// - Parameter keptBytesMax: decoded bytes that it keeps; with the value's size, every range is read at memory speed
    ///   once it was read before.
    /// - Throws: `state_key_not_found`, `corrupted`.
    public func rangeReader(of key: String, keptBytesMax: Int = 64 << 20) async throws(StrataError) -> ValueRangeReader {
        guard let position = keys.firstIndex(where: { $0.key == key }) else {
            throw StrataError.stateKeyNotFound(key, in: what, keys: keys.map(\.key))
        }
        return try await translating {
            guard let row = try await catalog.value(values[position]) else {
                throw ContentError(.corrupted, "value number \(values[position].rawValue) is not in the catalog; run `strata verify`")
            }
            if let inline = row.inlineBytes, IngestedValue(inline: inline).digest != row.digest {
                throw damaged(ContentError(.corrupted, "the value does not match its digest", digest: row.digest), key: key, offset: 0)
            }
            return ValueRangeReader(row, catalog: catalog, reader: reader, keptBytesMax: keptBytesMax) { [self] error, offset in
                damaged(error, key: key, offset: offset)
            }
        }
    }

    private func damaged(_ error: ContentError, key: String, offset: Int64) -> StrataError {
        let wrapped = StrataError.wrapping(error)
        guard wrapped.code == .corrupted else { return wrapped }
        var context = context.merging(wrapped.context) { mine, _ in mine }
        context["key"] = key
        context["offset"] = "\(offset)"
        return StrataError(
            .corrupted, "\(what), key `\(key)`, at byte \(offset): \(error.message)", context: context, cause: error)
    }
}

/// Reads one stored value, wherever it lies.
struct ValueSource: Sendable {
    let id: ValueID
    let catalog: Catalog
    let reader: ChunkReader

    /// Hands the bytes of `range`, which must lie within the value, to `consume` in order.
    func read(_ range: Range<Int64>, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        guard !range.isEmpty else { return }
        let value = try await found()
        guard range.lowerBound >= 0, range.upperBound <= value.sizeBytes else { throw otherSize(value, told: range.upperBound) }
        try await read(value, range, consume)
    }

    /// Hands all bytes to `consume`, which must be as many as told where the value is used: of less, a part would be taken for the whole.
    func readAll(_ sizeBytes: Int64, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let value = try await found()
        guard value.sizeBytes == sizeBytes else { throw otherSize(value, told: sizeBytes) }
        guard sizeBytes > 0 else { return }
        try await read(value, 0..<sizeBytes, consume)
    }

    private func found() async throws -> ValueRow {
        guard let value = try await catalog.value(id) else {
            throw ContentError(.corrupted, "value number \(id.rawValue) is not in the catalog; run `strata verify`")
        }
        return value
    }

    private func otherSize(_ value: ValueRow, told sizeBytes: Int64) -> ContentError {
        ContentError(.corrupted, "value number \(id.rawValue) has \(value.sizeBytes) bytes, and \(sizeBytes) where it is used; run `strata verify`")
    }

    private func read(_ value: ValueRow, _ range: Range<Int64>, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        if let inline = value.inlineBytes {
            guard IngestedValue(inline: inline).digest == value.digest else {
                throw ContentError(.corrupted, "a value that lies in the catalog does not match its digest", digest: value.digest)
            }
            try await consume(inline[Int(range.lowerBound)..<Int(range.upperBound)])
            return
        }
        var offset = range.lowerBound
        while offset < range.upperBound {
            // One segment at a time: a value's whole list need not be in memory.
            guard let segment = try await catalog.chunkList(value: id, overlapping: offset..<offset + 1).first else {
                throw ContentError(.corrupted, "the chunk list of value number \(id.rawValue) ends at byte \(offset)")
            }
            let end = segment.entries.reduce(segment.firstOffset) { $0 + Int64($1.rawBytes) }
            guard end > offset else {
                throw ContentError(.corrupted, "the chunk list of value number \(id.rawValue) has a gap at byte \(offset)")
            }
            try await reader.read(segment, range: offset..<min(end, range.upperBound), consume)
            offset = min(end, range.upperBound)
        }
    }
}

/// A stored value as an operation's single item: a state's key for a mount.
struct StoredItem: ItemSource {
    let source: ValueSource
    let sizeBytes: Int64

    var itemCount: Int { 1 }
    var totalSizeBytes: Int64 { sizeBytes }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { range.map { _ in sizeBytes } }

    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        try await source.readAll(sizeBytes, consume)
    }
}
