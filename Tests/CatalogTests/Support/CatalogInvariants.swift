import ContentStore
import Foundation
import GRDB

@testable import Catalog

/// Recounts what the catalog counts, and tells every difference.
struct CatalogInvariants {
    let db: Database

    func violations() throws -> [String] {
        try valueReferences() + chunkReferences() + packs() + keySets() + filesystems() + models()
            + (Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty ? [] : ["foreign keys are broken"])
    }

    private func pairs(_ sql: String) throws -> [(Int64, Int64)] {
        try Row.fetchAll(db, sql: sql).map { ($0[0], $0[1]) }
    }

    private func number(_ sql: String) throws -> Int64 { try Int64.fetchOne(db, sql: sql) ?? 0 }

    private func valueReferences() throws -> [String] {
        var found: [String] = []
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT v.id, v.refs, v.condemned_at IS NOT NULL,
                    (SELECT count(*) FROM key_set_entries e WHERE e.value_id = v.id)
                    + (SELECT count(*) FROM inodes i WHERE i.value_id = v.id)
                    + (SELECT count(*) FROM dataset_items d WHERE d.value_id = v.id)
                FROM stored_values v
                """)
        for row in rows {
            let (id, refs, isCondemned, counted): (Int64, Int64, Bool, Int64) = (row[0], row[1], row[2], row[3])
            if refs != counted { found.append("value \(id) has \(refs) references, \(counted) stand in tables") }
            if isCondemned != (refs == 0) { found.append("value \(id) has \(refs) references and is condemned: \(isCondemned)") }
        }
        return found
    }

    private func chunkReferences() throws -> [String] {
        var counted: [Int64: Int64] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT first_offset, first_chunk, chunk_count, entries FROM chunk_lists") {
            let segment = try ChunkListSegment(
                firstOffset: row[0], firstChunk: row[1], chunkCount: row[2], encoded: row[3] as Data)
            for entry in segment.entries { counted[entry.id.rawValue, default: 0] += 1 }
        }
        for (base, uses) in try pairs("SELECT base_id, count(*) FROM chunks WHERE base_id IS NOT NULL GROUP BY base_id") {
            counted[base, default: 0] += uses
        }
        let condemned = try number("SELECT count(*) FROM chunks WHERE (refs = 0) <> (condemned_at IS NOT NULL)")
        let doubleDifferences = try number(
            "SELECT count(*) FROM chunks c JOIN chunks b ON b.id = c.base_id WHERE b.base_id IS NOT NULL")
        return try pairs("SELECT id, refs FROM chunks").compactMap { id, refs in
            refs == counted[id, default: 0] ? nil : "chunk \(id) has \(refs) references, \(counted[id, default: 0]) were counted"
        } + (condemned == 0 ? [] : ["\(condemned) chunks are condemned with references or kept without"])
            + (doubleDifferences == 0 ? [] : ["\(doubleDifferences) differences have a base that is a difference"])
    }

    private func packs() throws -> [String] {
        let wrong = try number(
            """
            SELECT count(*) FROM packs p WHERE dead_bytes <> stored_bytes
                - (SELECT coalesce(sum(c.stored_bytes), 0) FROM chunks c WHERE c.pack_id = p.id)
            """)
        let doubled = try number("SELECT count(*) FROM (SELECT 1 FROM chunks GROUP BY digest_head, digest_tail HAVING count(*) > 1)")
        return (wrong == 0 ? [] : ["\(wrong) packs count their dead bytes wrongly"])
            + (doubled == 0 ? [] : ["\(doubled) chunks stand twice"])
    }

    private func keySets() throws -> [String] {
        let unused = try number(
            """
            SELECT count(*) FROM key_sets k WHERE NOT EXISTS (SELECT 1 FROM states WHERE key_set_id = k.id)
                AND NOT EXISTS (SELECT 1 FROM snapshots WHERE key_set_id = k.id)
                AND NOT EXISTS (SELECT 1 FROM pins WHERE key_set_id = k.id)
            """)
        let wrong = try number(
            """
            SELECT count(*) FROM key_sets k WHERE key_count <> (SELECT count(*) FROM key_set_entries WHERE key_set_id = k.id)
                OR size_bytes <> (SELECT coalesce(sum(v.size_bytes), 0) FROM key_set_entries e
                    JOIN stored_values v ON v.id = e.value_id WHERE e.key_set_id = k.id)
            """)
        return (unused == 0 ? [] : ["\(unused) key sets are used by nothing"]) + (wrong == 0 ? [] : ["\(wrong) key sets count wrongly"])
    }

    private func filesystems() throws -> [String] {
        let unused = try number(
            """
            SELECT count(*) FROM filesystems f WHERE NOT EXISTS (SELECT 1 FROM models WHERE filesystem_id = f.id)
                AND NOT EXISTS (SELECT 1 FROM snapshots WHERE filesystem_id = f.id)
                AND NOT EXISTS (SELECT 1 FROM pins WHERE filesystem_id = f.id)
            """)
        let links = try number(
            """
            SELECT count(*) FROM inodes i WHERE inode <> 1 AND link_count <> (SELECT count(*) FROM directory_entries e
                WHERE e.filesystem_id = i.filesystem_id AND e.inode = i.inode)
            """)
        let lost = try number(
            """
            SELECT count(*) FROM directory_entries e WHERE NOT EXISTS (SELECT 1 FROM inodes i
                WHERE i.filesystem_id = e.filesystem_id AND i.inode = e.parent_inode)
            """)
        return (unused == 0 ? [] : ["\(unused) file systems are used by nothing"])
            + (links == 0 ? [] : ["\(links) inodes count their links wrongly"])
            + (lost == 0 ? [] : ["\(lost) names lie in directories that are gone"])
    }

    private func models() throws -> [String] {
        let wrong = try number(
            "SELECT count(*) FROM models m WHERE NOT EXISTS (SELECT 1 FROM states s WHERE s.id = m.active_state_id AND s.model_id = m.id)")
        let waiting = try number(
            "SELECT count(*) FROM states s WHERE being_deleted = 1 AND NOT EXISTS (SELECT 1 FROM pins p WHERE p.state_id = s.id)")
        return (wrong == 0 ? [] : ["\(wrong) models have no active state of their own"])
            + (waiting == 0 ? [] : ["\(waiting) states wait for a mount that is gone"])
    }
}
