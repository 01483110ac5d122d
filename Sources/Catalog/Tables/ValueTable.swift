import ContentStore
import Foundation
import GRDB

/// SQL of `stored_values` and `chunk_lists`.
struct ValueTable {
    let db: Database

    /// Enters a value, or counts one more reference to an equal one that is there.
    ///
    /// - Parameter fresh: the ids of the chunks that came with the same commit.
    func retain(_ value: IngestedValue, fresh: [Digest: ChunkID]) throws -> ValueID {
        if let id = try db.number(
            "UPDATE stored_values SET refs = refs + 1, condemned_at = NULL WHERE digest = ? RETURNING id",
            [Data(value.digest.bytes)])
        {
            return ValueID(id)
        }
        switch value.content {
        case .inline(let bytes):
            return try insert(value, chunkCount: 0, inline: Data(bytes))
        case .pieces(let pieces):
            let entries = try pieces.map { ChunkListEntry(id: try chunk($0, fresh: fresh), rawBytes: $0.rawBytes) }
            let id = try insert(value, chunkCount: pieces.count, inline: nil)
            try insertChunkList(entries, of: id)
            return id
        }
    }

    /// Counts one more reference to a value that exists.
    func retain(_ id: ValueID) throws {
        try db.run("UPDATE stored_values SET refs = refs + 1, condemned_at = NULL WHERE id = ?", [id.rawValue])
    }

    /// Drops one reference; the last one condemns the value at `sequence`. Collection does the rest.
    func release(_ id: ValueID, sequence: Int64) throws {
        try db.run(
            "UPDATE stored_values SET refs = refs - 1, condemned_at = CASE WHEN refs = 1 THEN ? END WHERE id = ?",
            [sequence, id.rawValue])
    }

    /// - Throws: `corrupted` when bytes that lie in the catalog are not those that its digest tells; chunks are checked where they are read.
    func value(_ id: ValueID) throws -> ValueRow? {
        guard let value = try row(id) else { return nil }
        guard let inline = value.inlineBytes else { return value }
        guard Int64(inline.count) == value.sizeBytes else {
            throw CatalogError(.corrupted, "value number \(id.rawValue) has \(inline.count) bytes and a size of \(value.sizeBytes) in the catalog")
        }
        guard IngestedValue(inline: inline).digest == value.digest else {
            throw CatalogError(.corrupted, "value number \(id.rawValue) lies in the catalog and does not match its digest; run `strata repair`")
        }
        return value
    }

    /// The same for a catalog that is being checked: bytes that lie in it may be of another size than it says.
    func row(_ id: ValueID) throws -> ValueRow? {
        guard let row = try db.row("SELECT digest, size_bytes, chunk_count, inline_bytes FROM stored_values WHERE id = ?", [id.rawValue])
        else { return nil }
        guard let digest = Digest(bytes: try row[0] as Data) else {
            throw CatalogError(.corrupted, "value number \(id.rawValue) has a digest of the wrong length in the catalog")
        }
        return try ValueRow(
            id: id, digest: digest, sizeBytes: row.amount(1), chunkCount: row.amount(2), inlineBytes: (row[3] as Data?).map(Array.init))
    }

    /// The segments that hold bytes of `range`, in order.
    func chunkList(of id: ValueID, overlapping range: Range<Int64>) throws -> [ChunkListSegment] {
        // The last segment that begins at or before the range's start, and all that begin before its end.
        let rows = try db.rows(
            """
            SELECT first_offset, first_chunk, chunk_count, entries FROM chunk_lists
            WHERE value_id = ? AND first_offset < ? AND first_offset >= (
                SELECT coalesce(max(first_offset), 0) FROM chunk_lists WHERE value_id = ? AND first_offset <= ?)
            ORDER BY first_offset
            """,
            [id.rawValue, range.upperBound, id.rawValue, range.lowerBound])
        return try rows.map { row in
            try ChunkListSegment(
                firstOffset: row[0], firstChunk: row[1], chunkCount: row[2], encoded: row[3] as Data)
        }
    }

    private func insert(_ value: IngestedValue, chunkCount: Int, inline: Data?) throws -> ValueID {
        let highest = try db.number("SELECT max(id) FROM stored_values") ?? 0
        let id = try StoreTable.next(after: max(highest, try StoreTable(db: db).lastRemovedValue()))
        try db.run(
            "INSERT INTO stored_values (id, digest, size_bytes, chunk_count, inline_bytes, refs) VALUES (?, ?, ?, ?, ?, 1)",
            [id, Data(value.digest.bytes), value.sizeBytes, chunkCount, inline])
        return ValueID(id)
    }

    func insertChunkList(of id: ValueID, _ pieces: [ValuePiece]) throws {
        try insertChunkList(try pieces.map { ChunkListEntry(id: try chunk($0, fresh: [:]), rawBytes: $0.rawBytes) }, of: id)
    }

    private func insertChunkList(_ entries: [ChunkListEntry], of id: ValueID) throws {
        for segment in ChunkListSegment.segments(of: entries) {
            try db.run(
                "INSERT INTO chunk_lists (value_id, first_offset, first_chunk, chunk_count, entries) VALUES (?, ?, ?, ?, ?)",
                [id.rawValue, segment.firstOffset, segment.firstChunk, segment.entries.count, Data(segment.encoded())])
        }
        try ChunkTable(db: db).retain(entries.map(\.id))
    }

    private func chunk(_ piece: ValuePiece, fresh: [Digest: ChunkID]) throws -> ChunkID {
        if let id = try piece.known ?? fresh[piece.digest] ?? ChunkTable(db: db).id(of: piece.digest) { return id }
        throw CatalogError(
            .conflict, "chunk \(piece.digest) was collected while the commit still needed it; write the state again")
    }
}
