import ContentStore
import Foundation
import GRDB

extension CatalogRebuild {
    public func hasState(_ id: String) throws(CatalogError) -> Bool {
        try using { db in try db.exists("SELECT 1 FROM states WHERE public_id = ?", [id]) }
    }

    /// Enters a state that the catalog does not have, and its model if that is unknown too.
    ///
    /// Its chunks must be entered before, the lost ones too.
    /// - Returns: whether the model was made for it.
    public func enter(_ state: RecoverableState) throws(CatalogError) -> Bool {
        try using { db in
            changes += 1
            let known = try ModelTable(db: db).row(of: state.modelID)
            let model = try known ?? enterModel(state, db)
            let values = ValueTable(db: db)
            let keys = try state.keys.map { key, value in
                let entered = try value ?? Self.lostValue()
                let id = try values.retain(entered, fresh: [:])
                return (key: key, value: id, sizeBytes: entered.sizeBytes)
            }
            let row = try StateTable(db: db).insert(
                .init(
                    publicID: state.stateID, model: model, name: state.name, createdAt: state.createdAt,
                    keySet: try KeySetTable(db: db).insert(keys), baseState: state.baseState, lineageJSON: state.lineageJSON,
                    mountsJSON: state.mountsJSON))
            if state.isActive || known == nil { try ModelTable(db: db).setActiveState(row, ofModelRow: model) }
            return known == nil
        }
    }

    /// A name that is used already gets a number behind it.
    private func enterModel(_ state: RecoverableState, _ db: Database) throws -> Int64 {
        var name = state.modelName
        var number = 1
        while try db.exists("SELECT 1 FROM models WHERE owner = ? AND name = ?", [state.owner, name]) {
            number += 1
            name = "\(state.modelName) (recovered \(number))"
        }
        let createdAt = state.modelCreatedAt ?? state.createdAt
        return try ModelTable(db: db).insert(
            ModelInsertion(
                publicID: state.modelID, owner: state.owner, name: name, description: state.modelDescription,
                publicAccess: state.isPublic, createdAt: createdAt, settingsJSON: nil, tags: [],
                origin: .empty(filesystemSizeMebibytes: 32), initialStateID: state.stateID),
            settingsJSON: state.settingsJSON,
            filesystem: try FilesystemTable(db: db).create(sizeMebibytes: 32, nowNanoseconds: createdAt &* 1_000_000), basedOn: nil)
    }

    /// A value of which nothing is left but that it was there: reading it is an error that names it.
    private static func lostValue() throws -> IngestedValue {
        let nonce = (0..<32).map { _ in UInt8.random(in: 0...255) }
        return IngestedValue(digest: Digest(of: nonce), sizeBytes: 1, content: .pieces([]))
    }

    /// The states that another catalog has and this one lacks, as far as it can be read.
    ///
    /// - Parameter path: a sound or salvaged catalog of the same store; rows may refer to missing ones.
    public func missingStates(from path: String) throws(CatalogError) -> [RecoverableState] {
        let mine = try publicIDs()["states"] ?? []
        do {
            let other = try DatabaseQueue(path: path, configuration: Catalog.inspecting)
            let states = try other.read { db in
                try db.rows(
                    """
                    SELECT m.public_id, m.name, m.owner, m.description, m.public_access, m.created_at, m.settings, s.public_id, s.name,
                        s.created_at, s.base_state, s.lineage, s.mounts, m.active_state_id = s.id, s.key_set_id
                    FROM states s JOIN models m ON m.id = s.model_id WHERE s.being_deleted = 0 ORDER BY s.id
                    """
                ).filter { !mine.contains(try $0[7] as String) }.map { try Self.state($0, db) }
            }
            try other.close()
            return states
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    private static func state(_ row: CheckedRow, _ db: Database) throws -> RecoverableState {
        let entries = try db.rows("SELECT key, value_id FROM key_set_entries WHERE key_set_id = ? ORDER BY position", [row[14] as Int64])
        var state = try RecoverableState(
            modelID: row[0], modelName: row[1], owner: row[2], settingsJSON: row[6], stateID: row[7], name: row[8], createdAt: row[9],
            baseState: row[10], lineageJSON: row[11], mountsJSON: row[12], isActive: row[13] ?? false,
            keys: entries.map { entry in (try entry[0], try? value(ValueID(try entry[1]), db)) })
        state.modelDescription = try row[3]
        state.isPublic = try row[4]
        state.modelCreatedAt = try row[5]
        return state
    }

    /// A value with the digests of its chunks; nil when it does not match its digest.
    static func value(_ id: ValueID, _ db: Database) throws -> IngestedValue? {
        guard let row = try ValueTable(db: db).value(id) else { return nil }
        if let inline = row.inlineBytes {
            let value = IngestedValue(inline: inline)
            return value.digest == row.digest ? value : nil
        }
        var (pieces, offset): ([ValuePiece], Int64) = ([], 0)
        for segment in try ValueTable(db: db).chunkList(of: id, overlapping: 0..<row.sizeBytes) {
            // Readers find their place by these numbers.
            guard segment.firstOffset == offset, segment.firstChunk == pieces.count, let found = try Self.pieces(segment, db) else { return nil }
            pieces += found
            offset += found.reduce(0) { $0 + Int64($1.rawBytes) }
        }
        guard pieces.count == row.chunkCount else { return nil }
        let value = IngestedValue(digest: row.digest, sizeBytes: row.sizeBytes, content: .pieces(pieces))
        return value.matchesItsDigest ? value : nil
    }

    /// What the chunk lists of a value hold, whatever is said of it elsewhere; nil when that is not what the digest says.
    static func valueOfLists(_ id: ValueID, _ digest: Digest, _ db: Database) throws -> IngestedValue? {
        var (pieces, sizeBytes): ([ValuePiece], Int64) = ([], 0)
        for row in try db.rows("SELECT entries FROM chunk_lists WHERE value_id = ? ORDER BY first_offset", [id.rawValue]) {
            let encoded: Data = try row[0]
            let segment = try ChunkListSegment(
                firstOffset: sizeBytes, firstChunk: pieces.count, chunkCount: ChunkListSegment.count(inEncoded: encoded), encoded: encoded)
            guard let found = try Self.pieces(segment, db) else { return nil }
            pieces += found
            sizeBytes += found.reduce(0) { $0 + Int64($1.rawBytes) }
        }
        let value = IngestedValue(digest: digest, sizeBytes: sizeBytes, content: .pieces(pieces))
        return !pieces.isEmpty && value.matchesItsDigest ? value : nil
    }

    private static func pieces(_ segment: ChunkListSegment, _ db: Database) throws -> [ValuePiece]? {
        let places = try ChunkTable(db: db).locate(segment.entries.map(\.id))
        var pieces: [ValuePiece] = []
        for entry in segment.entries {
            guard let place = places[entry.id] else { return nil }
            pieces.append(ValuePiece(digest: place.digest, rawBytes: entry.rawBytes, known: nil))
        }
        return pieces
    }
}
