import Foundation
import GRDB

/// SQL of `pins`: what a session uses and may not lose.
struct PinTable {
    let db: Database

    func insert(session: Int64, state: Int64?, keySet: Int64?, filesystem: Int64?) throws -> PinID {
        PinID(
            rawValue: try db.insert(
                "INSERT INTO pins (session_id, state_id, key_set_id, filesystem_id) VALUES (?, ?, ?, ?)",
                [session, state, keySet, filesystem]))
    }

    func pins(ofSessionRow session: Int64) throws -> [PinID] {
        try db.rows("SELECT id FROM pins WHERE session_id = ?", [session]).map { PinID(rawValue: try $0[0]) }
    }

    /// Gives a pin back. A state whose deletion waited for the last pin goes now.
    func release(_ pin: PinID, sequence: Int64) throws {
        guard let row = try db.row("SELECT state_id, key_set_id, filesystem_id FROM pins WHERE id = ?", [pin.rawValue]) else { return }
        try db.run("DELETE FROM pins WHERE id = ?", [pin.rawValue])
        if let state: Int64 = try row[0], try !db.exists("SELECT 1 FROM pins WHERE state_id = ? LIMIT 1", [state]),
            let keySet = try db.number("SELECT key_set_id FROM states WHERE id = ? AND being_deleted = 1", [state])
        {
            try StateTable(db: db).remove(row: state, keySet: keySet, sequence: sequence)
        } else if let keySet: Int64 = try row[1] {
            try KeySetTable(db: db).releaseIfUnused(keySet, sequence: sequence)
        }
        if let filesystem: Int64 = try row[2] { try FilesystemTable(db: db).releaseIfUnused(filesystem, sequence: sequence) }
    }
}

/// SQL of `sessions`.
struct SessionTable {
    let db: Database

    func row(of token: String) throws -> Int64? {
        try db.number("SELECT id FROM sessions WHERE token = ?", [token])
    }

    func insert(token: String, processID: Int64, openedAt: Int64) throws {
        try db.run("INSERT INTO sessions (token, process_id, opened_at) VALUES (?, ?, ?)", [token, processID, openedAt])
    }

    /// Removes a session with its pins and creations; its running operations have failed.
    func remove(row: Int64, sequence: Int64) throws {
        try OperationTable(db: db).lose(ofSessionRow: row, finishedAt: Int64(Date().timeIntervalSince1970 * 1000))
        let pins = PinTable(db: db)
        for pin in try pins.pins(ofSessionRow: row) { try pins.release(pin, sequence: sequence) }
        try db.run("DELETE FROM creations WHERE session_id = ?", [row])
        try db.run("DELETE FROM sessions WHERE id = ?", [row])
    }
}

/// SQL of `creations`.
struct CreationTable {
    let db: Database

    /// - Throws: `conflict` when a state has the id already: better before the code has run than at its commit.
    func insert(stateID: String, name: String, startedAt: Int64, model: Int64, session: Int64) throws {
        if try db.exists("SELECT 1 FROM states WHERE public_id = ?", [stateID]) {
            throw CatalogError(
                .conflict, "there is a state `\(stateID)` already; give each creation an id of its own", context: ["stateId": stateID])
        }
        try db.run(
            "INSERT INTO creations (state_public_id, model_id, session_id, name, started_at) VALUES (?, ?, ?, ?, ?)",
            [stateID, model, session, name, startedAt])
    }

    /// - Throws: `cancelled` when somebody ended the creation before.
    func end(_ stateID: String) throws {
        guard try remove(stateID) else {
            throw CatalogError(.cancelled, "the creation of state `\(stateID)` was cancelled", context: ["stateId": stateID])
        }
    }

    func remove(_ stateID: String) throws -> Bool {
        try db.change("DELETE FROM creations WHERE state_public_id = ?", [stateID]) == 1
    }

    func creations(ofModelRow model: Int64) throws -> [CreationRow] {
        try db.rows("SELECT state_public_id, name, started_at FROM creations WHERE model_id = ? ORDER BY id", [model])
            .map { try CreationRow(stateID: $0[0], name: $0[1], startedAt: $0[2]) }
    }
}
