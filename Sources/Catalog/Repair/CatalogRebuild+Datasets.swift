import GRDB

extension CatalogRebuild {
    /// What datasets declare, as far as the catalog tells.
    public struct DatasetDeclaration: Sendable {
        public let publicID: String
        public let keysJSON: String
        /// The names by which the entries know the keys; nil where one is lost.
        public let keyNames: [String?]
        /// The element types and shapes (JSON) of the first entry's items, by key.
        public let firstItems: [Int: (elementType: String, shapeJSON: String)]
    }

    public func datasetDeclarations() throws(CatalogError) -> [DatasetDeclaration] {
        try using { db in
            try db.rows("SELECT id, public_id, keys FROM datasets ORDER BY id").map { row in
                let id: Int64 = try row[0]
                var names: [String?] = []
                for key in try db.rows("SELECT key_index, name FROM dataset_keys WHERE dataset_id = ? AND key_index BETWEEN 0 AND 255 ORDER BY key_index", [id]) {
                    let index: Int = try key[0]
                    names += Array(repeating: nil, count: index - names.count) + [try key[1]]
                }
                var first: [Int: (elementType: String, shapeJSON: String)] = [:]
                let items = try db.rows(
                    "SELECT key_index, element_type, shape FROM dataset_items WHERE dataset_id = ? AND position = 0 AND key_index BETWEEN 0 AND 255", [id])
                for item in items { first[try item[0]] = (try item[1], try item[2]) }
                return DatasetDeclaration(publicID: try row[1], keysJSON: try row[2], keyNames: names, firstItems: first)
            }
        }
    }

    /// Gives a dataset's keys names and a declaration that agree.
    public func declare(keys names: [String], json: String, ofDataset publicID: String) throws(CatalogError) {
        try using { db in
            guard let id = try db.number("SELECT id FROM datasets WHERE public_id = ?", [publicID]) else { return }
            try db.run("UPDATE datasets SET keys = ? WHERE id = ?", [json, id])
            try db.run("DELETE FROM dataset_keys WHERE dataset_id = ?", [id])
            for (index, name) in names.enumerated() {
                try db.run("INSERT INTO dataset_keys (dataset_id, key_index, name) VALUES (?, ?, ?)", [id, index, name])
            }
            changes += 1
        }
    }

    /// Entries that lack an item are of no use; those behind them move up: positions are dense.
    func closeGaps(_ db: Database) throws {
        try db.run("DELETE FROM dataset_items WHERE position < 0 OR folder NOT IN (0, 1) OR key_index NOT BETWEEN 0 AND 255")
        for dataset in try db.rows("SELECT id, public_id FROM datasets ORDER BY id") {
            let id: Int64 = try dataset[0]
            let keys = try db.number("SELECT max(key_index) + 1 FROM dataset_items WHERE dataset_id = ?", [id]) ?? 0
            let named = try db.number("SELECT count(*) FROM dataset_keys WHERE dataset_id = ?", [id]) ?? 0
            var removed = 0
            for folder in [0, 1] {
                let positions = try db.rows(
                    "SELECT position, count(*) FROM dataset_items WHERE dataset_id = ? AND folder = ? GROUP BY position ORDER BY position", [id, folder])
                var next = 0
                for row in positions {
                    let (position, count): (Int64, Int64) = try (row[0], row[1])
                    let place: StatementArguments = [id, folder, position]
                    if count < max(keys, named) {
                        try db.run("DELETE FROM dataset_items WHERE dataset_id = ? AND folder = ? AND position = ?", place)
                        removed += 1
                        continue
                    }
                    if position != next {
                        try db.run("UPDATE dataset_items SET position = ? WHERE dataset_id = ? AND folder = ? AND position = ?", [next] + place)
                    }
                    next += 1
                }
            }
            if removed > 0 { remarks.append("\(removed) entries of dataset `\(try dataset[1] as String)` lacked items and are removed") }
        }
    }

    /// Sizes of items and files are those of their values, files' numbers are free and have room, and datasets count their entries.
    static func countEntries(_ db: Database) throws -> Int {
        var changed = 0
        for table in ["dataset_items", "inodes"] {
            let size = "(SELECT v.size_bytes FROM stored_values v WHERE v.id = \(table).value_id)"
            changed += try db.change("UPDATE \(table) SET size_bytes = \(size) WHERE value_id IS NOT NULL AND size_bytes <> \(size)", [])
        }
        // A number that a file has already would be given to another.
        let next = "(SELECT max(i.inode) + 1 FROM inodes i WHERE i.filesystem_id = filesystems.id)"
        changed += try db.change("UPDATE filesystems SET next_inode = \(next) WHERE next_inode < \(next)", [])
        let room = "(SELECT (coalesce(sum(i.size_bytes), 0) + 1048575) / 1048576 FROM inodes i WHERE i.filesystem_id = filesystems.id)"
        changed += try db.change("UPDATE filesystems SET size_mebibytes = \(room) WHERE size_mebibytes < \(room)", [])
        func sum(_ folder: Int) -> String {
            "(SELECT coalesce(sum(i.size_bytes), 0) FROM dataset_items i WHERE i.dataset_id = datasets.id AND i.folder = \(folder))"
        }
        let count = "(SELECT coalesce(max(i.position) + 1, 0) FROM dataset_items i WHERE i.dataset_id = datasets.id AND i.folder = 0)"
        changed += try db.change(
            """
            UPDATE datasets SET entry_count = \(count), entries_bytes = \(sum(0)), review_bytes = \(sum(1))
            WHERE entry_count <> \(count) OR entries_bytes <> \(sum(0)) OR review_bytes <> \(sum(1))
            """, [])
        return changed
    }
}
