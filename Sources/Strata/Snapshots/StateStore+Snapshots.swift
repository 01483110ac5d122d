import Catalog

extension StateStore {
    /// Freezes a model's files, settings and active state.
    ///
    /// - Throws: `model_not_found`, `invalid_parameter` (name), `snapshot_no_longer_exists` when the model's own code is gone.
    /// - Complexity: one transaction, whatever the sizes.
    @discardableResult
    public func createSnapshot(of model: ModelID, named name: String) async throws(StrataError) -> Snapshot {
        try await translating {
            try Names.check(name, "snapshotName")
            _ = try writing()
            let id = SnapshotID.random()
            try await catalog.createSnapshot(
                id: id.rawValue, name: name, createdAt: Clock.milliseconds(), of: model.rawValue)
            return try await snapshot(id, of: model)
        }
    }

    public func snapshot(_ id: SnapshotID, of model: ModelID) async throws(StrataError) -> Snapshot {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.snapshot(id: id.rawValue, model: model.rawValue) else {
                throw try await missing(id, of: model)
            }
            return try Snapshot(row)
        }
    }

    /// A model's snapshots in the order of their creation, a page at a time.
    public func snapshots(of model: ModelID, offset: Int = 0, limit: Int = 100) async throws(StrataError) -> Page<Snapshot> {
        try await translating {
            try checkOpen()
            try Page<Snapshot>.check(offset: offset, limit: limit)
            guard let page = try await catalog.snapshots(model: model.rawValue, offset: offset, limit: limit) else {
                throw StrataError.modelNotFound(model)
            }
            return Page(items: try page.rows.map { try Snapshot($0) }, total: page.total, offset: offset, limit: limit)
        }
    }

    public func renameSnapshot(_ id: SnapshotID, of model: ModelID, to name: String) async throws(StrataError) {
        try await translating {
            try Names.check(name, "name")
            _ = try writing()
            try await catalog.renameSnapshot(id: id.rawValue, model: model.rawValue, to: name)
        }
    }

    /// Deletes a snapshot. Models that are based on it keep their states and know that their code is gone.
    public func deleteSnapshot(_ id: SnapshotID, of model: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            try await catalog.deleteSnapshot(id: id.rawValue, model: model.rawValue)
        }
    }

    /// Reads a snapshot's state within a closure that keeps it from vanishing.
    public func withSnapshotState<T>(
        _ id: SnapshotID, of model: ModelID, _ body: (StateReader) async throws -> T
    ) async throws -> T {
        try await holding {
            let row: SnapshotRow?
            do {
                row = try await catalog.snapshot(id: id.rawValue, model: model.rawValue)
            } catch {
                throw StrataError.wrapping(error)
            }
            guard let row else { throw try await missing(id, of: model) }
            return try await body(
                StateReader(
                    keys: row.keys, what: "snapshot `\(id)` of model `\(model)`",
                    context: ["modelId": model.rawValue, "snapshotId": id.rawValue], catalog: catalog, reader: reader))
        }
    }

    private func missing(_ id: SnapshotID, of model: ModelID) async throws -> StrataError {
        try await catalog.model(id: model.rawValue) == nil ? .modelNotFound(model) : .snapshotNotFound(id, of: model)
    }
}

extension Snapshot {
    init(_ row: SnapshotRow) throws(StrataError) {
        guard let settings: ModelSettings = JSON.decode(row.settingsJSON) else {
            throw StrataError(
                .corrupted, "the settings of snapshot `\(row.publicID)` in the catalog cannot be read",
                context: ["modelId": row.modelID, "snapshotId": row.publicID])
        }
        self.init(
            id: SnapshotID(unchecked: row.publicID), modelID: ModelID(unchecked: row.modelID), name: row.name,
            createdAtMilliseconds: row.createdAt, settings: settings,
            filesystemSizeMebibytes: row.filesystemSizeMebibytes, stateName: row.stateName,
            keys: row.keys.map { StateKey(key: $0.key, sizeBytes: $0.sizeBytes) },
            mounts: JSON.decode(row.mountsJSON) ?? [])
    }
}
