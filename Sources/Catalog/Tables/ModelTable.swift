import GRDB

/// SQL of `models` and `model_tags`.
struct ModelTable {
    let db: Database

    /// - Parameter counting: also counts the model's states and snapshots, which reads an index entry of each.
    private static func columns(counting: Bool) -> String {
        let counts =
            counting
            ? """
            (SELECT count(*) FROM states s WHERE s.model_id = models.id),
            (SELECT count(*) FROM snapshots n WHERE n.model_id = models.id)
            """ : "NULL, NULL"
        return """
        SELECT models.id, models.public_id, owner, name, description, public_access, created_at, settings,
            based_on_model, based_on_snapshot,
            EXISTS (SELECT 1 FROM snapshots b WHERE b.public_id = models.based_on_snapshot),
            (SELECT a.public_id FROM states a WHERE a.id = models.active_state_id),
            \(counts),
            (SELECT f.size_mebibytes FROM filesystems f WHERE f.id = models.filesystem_id)
        FROM models
        """
    }

    /// The row's number of a model.
    func row(of id: String) throws -> Int64? {
        try db.number("SELECT id FROM models WHERE public_id = ?", [id])
    }

    func model(_ id: String, counting: Bool = false) throws -> ModelRow? {
        try db.row("\(Self.columns(counting: counting)) WHERE models.public_id = ?", [id]).map(model)
    }

    func models(_ query: ListQuery, counting: Bool = true) throws -> RowPage<ModelRow> {
        let sql = ListSQL(table: "models", tagTable: "model_tags", tagColumn: "model_id", query: query)
        let (filter, arguments) = sql.filter
        let total = try db.number("SELECT count(*) FROM models \(filter)", arguments) ?? 0
        let rows = try db.rows("\(Self.columns(counting: counting)) \(filter) \(sql.order)", arguments + [query.limit, query.offset])
        let tags = try tags(ofModelRows: try rows.map { try $0[0] })
        return RowPage(rows: try rows.map { try model($0, tags: tags[try $0[0]] ?? []) }, total: Int(total))
    }

    private func tags(ofModelRows models: [Int64]) throws -> [Int64: [TagRow]] {
        var tags: [Int64: [TagRow]] = [:]
        try db.inGroups(of: models) {
            "SELECT model_id, tag, value FROM model_tags WHERE model_id IN (\($0)) ORDER BY model_id, position"
        } _: { row in
            tags[try row[0], default: []].append(TagRow(tag: try row[1], value: try row[2]))
        }
        return tags
    }

    /// Room for the files of the snapshots that models are based on, by the model's row.
    func sizesOfBasedOnFiles(ofModelRows models: [Int64]) throws -> [Int64: Int] {
        var sizes: [Int64: Int] = [:]
        try db.inGroups(of: models) {
            """
            SELECT m.id, f.size_mebibytes FROM models m JOIN snapshots n ON n.public_id = m.based_on_snapshot
                JOIN filesystems f ON f.id = n.filesystem_id
            WHERE m.id IN (\($0))
            """
        } _: { row in
            sizes[try row[0]] = try row[1]
        }
        return sizes
    }

    func insert(
        _ model: ModelInsertion, settingsJSON: String, filesystem: Int64?, basedOn: (model: String, snapshot: String)?
    ) throws -> Int64 {
        try refuseUsedName(model.name, owner: model.owner)
        let row = try db.insert(
            """
            INSERT INTO models (public_id, owner, name, description, public_access, created_at, settings, filesystem_id,
                based_on_model, based_on_snapshot, made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                model.publicID, model.owner, model.name, model.description, model.publicAccess, model.createdAt,
                settingsJSON, filesystem, basedOn?.model, basedOn?.snapshot, Maker.keyID,
            ])
        try setTags(model.tags, row: row)
        return row
    }

    func refuseUsedName(_ name: String, owner: String) throws {
        if try db.exists("SELECT 1 FROM models WHERE owner = ? AND name = ?", [owner, name]) {
            throw CatalogError.nameAlreadyUsed(name, "model", owner: owner)
        }
    }

    func change(_ model: ModelRow, _ change: DescriptionChange) throws {
        if let name = change.name, name != model.name {
            try refuseUsedName(name, owner: model.owner)
            try db.run("UPDATE models SET name = ? WHERE id = ?", [name, model.row])
        }
        if let text = change.description { try db.run("UPDATE models SET description = ? WHERE id = ?", [text, model.row]) }
        if let isPublic = change.publicAccess {
            try db.run("UPDATE models SET public_access = ? WHERE id = ?", [isPublic, model.row])
        }
        if let settings = try change.changeSettings?(change.settingsJSON ?? model.settingsJSON) ?? change.settingsJSON {
            try db.run("UPDATE models SET settings = ? WHERE id = ?", [settings, model.row])
        }
        if let tags = change.tags { try setTags(tags, row: model.row) }
    }

    private func setTags(_ tags: [TagRow], row: Int64) throws {
        try db.run("DELETE FROM model_tags WHERE model_id = ?", [row])
        for (position, tag) in tags.enumerated() {
            try db.run(
                "INSERT INTO model_tags (model_id, position, tag, value) VALUES (?, ?, ?, ?)",
                [row, position, tag.tag, tag.value])
        }
    }

    func setActiveState(_ state: Int64, ofModelRow model: Int64) throws {
        try db.run("UPDATE models SET active_state_id = ? WHERE id = ?", [state, model])
    }

    func filesystem(ofModelRow model: Int64) throws -> Int64? {
        try db.number("SELECT filesystem_id FROM models WHERE id = ?", [model])
    }

    func setFilesystem(_ filesystem: Int64, ofModelRow model: Int64) throws {
        try db.run("UPDATE models SET filesystem_id = ? WHERE id = ?", [filesystem, model])
    }

    /// Deletes a model with all that belongs to it. What pins still hold goes with them.
    func delete(_ model: ModelRow, sequence: Int64) throws {
        let filesystem = try filesystem(ofModelRow: model.row)
        try db.run("DELETE FROM creations WHERE model_id = ?", [model.row])
        try OperationTable(db: db).removeAll(ofModelRow: model.row)
        try db.run("UPDATE models SET active_state_id = NULL WHERE id = ?", [model.row])
        try db.run(
            "UPDATE pins SET state_id = NULL WHERE state_id IN (SELECT id FROM states WHERE model_id = ?)", [model.row])
        for state in try db.rows("SELECT id, key_set_id FROM states WHERE model_id = ?", [model.row]) {
            try StateTable(db: db).remove(row: state[0], keySet: state[1], sequence: sequence)
        }
        let snapshots = SnapshotTable(db: db)
        for id in try db.rows("SELECT public_id FROM snapshots WHERE model_id = ?", [model.row]) {
            if let snapshot = try snapshots.snapshot(id[0], model: model.publicID) {
                try snapshots.delete(snapshot, sequence: sequence)
            }
        }
        try db.run("DELETE FROM model_tags WHERE model_id = ?", [model.row])
        try db.run("DELETE FROM models WHERE id = ?", [model.row])
        if let filesystem { try FilesystemTable(db: db).releaseIfUnused(filesystem, sequence: sequence) }
    }

    private func model(_ row: CheckedRow) throws -> ModelRow {
        let id: Int64 = try row[0]
        return try model(row, tags: tags(ofModelRows: [id])[id] ?? [])
    }

    private func model(_ row: CheckedRow, tags: [TagRow]) throws -> ModelRow {
        let basedOn: BasedOnRow? =
            if let model: String = try row[8], let snapshot: String = try row[9] {
                try BasedOnRow(modelID: model, snapshotID: snapshot, exists: row[10])
            } else { nil }
        guard let active: String = try row[11] else {
            throw CatalogError(.corrupted, "model `\(try row[1] as String)` has no active state in the catalog")
        }
        return try ModelRow(
            row: row[0], publicID: row[1], owner: row[2], name: row[3], description: row[4], publicAccess: row[5],
            createdAt: row[6], settingsJSON: row[7], basedOn: basedOn, activeState: active,
            tags: tags, stateCount: row[12], snapshotCount: row[13],
            filesystemSizeMebibytes: row[14])
    }
}
