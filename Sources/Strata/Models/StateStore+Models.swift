import Catalog

extension StateStore {
    /// Makes a model with one active state.
    ///
    /// - Throws: `invalid_parameter` (name, settings, size), `name_already_used`; `model_not_found`, `snapshot_not_found` and
    ///   `snapshot_no_longer_exists` of the origin.
    /// - Complexity: one transaction; a copy shares files and state until one of the two changes.
    @discardableResult
    public func createModel(named name: String, options: ModelOptions = ModelOptions()) async throws(StrataError) -> Model {
        try await translating {
            try Names.check(name, "name")
            try ModelRules.check(options)
            _ = try writing()
            let id = ModelID.random()
            let settings: ModelSettings? = options.origin == .empty ? options.settings ?? ModelSettings() : options.settings
            try await catalog.createModel(
                ModelInsertion(
                    publicID: id.rawValue, owner: self.options.owner, name: name, description: options.description,
                    publicAccess: options.isPublic, createdAt: Clock.milliseconds(),
                    settingsJSON: settings.map(JSON.encode), tags: options.tags.map(TagRow.init),
                    origin: ModelOrigin(options), initialStateID: StateID.random().rawValue))
            return try await model(id)
        }
    }

    public func model(_ id: ModelID) async throws(StrataError) -> Model {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.model(id: id.rawValue, counting: true) else { throw StrataError.modelNotFound(id) }
            return try Model(row)
        }
    }

    /// The models that fit `filter`, a page at a time, newest first unless the filter says otherwise.
    /// - Parameter limit: 1 to 1000.
    public func models(
        _ filter: ListFilter = ListFilter(), offset: Int = 0, limit: Int = 100
    ) async throws(StrataError) -> Page<Model> {
        try await translating {
            try checkOpen()
            try Page<Model>.check(offset: offset, limit: limit)
            try ModelRules.check(filter)
            let page = try await catalog.models(ListQuery(filter, offset: offset, limit: limit))
            return Page(items: try page.rows.map { try Model($0) }, total: page.total, offset: offset, limit: limit)
        }
    }

    /// - Throws: `model_not_found`, `name_already_used`, `invalid_parameter`.
    public func updateModel(_ id: ModelID, _ change: ModelChange) async throws(StrataError) {
        try await translating {
            if let name = change.name { try Names.check(name, "name") }
            if let description = change.description { try ModelRules.check(description: description) }
            if let settings = change.settings { try ModelRules.check(settings) }
            if let tags = change.tags { try ModelRules.check(tags) }
            _ = try writing()
            try await catalog.updateModel(
                id: id.rawValue,
                DescriptionChange(
                    name: change.name, description: change.description, publicAccess: change.isPublic,
                    tags: change.tags.map { $0.map(TagRow.init) }, settingsJSON: change.settings.map(JSON.encode),
                    changeSettings: change.changeSettings.map { Self.changing(id, $0) }))
        }
    }

    private static func changing(
        _ id: ModelID, _ change: @escaping @Sendable (inout ModelSettings) -> Void
    ) -> @Sendable (String) throws -> String {
        { json in
            var settings = try ResolvedOperation.settings(json, of: id)
            change(&settings)
            try ModelRules.check(settings)
            return JSON.encode(settings)
        }
    }

    /// Deletes a model with its files, states, snapshots and operations; those that run are cancelled.
    ///
    /// Only metadata changes. What a mount holds stays readable there until the mount is closed.
    public func deleteModel(_ id: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            try await catalog.deleteModel(id: id.rawValue)
            for task in operations.cancelAll(of: id) { _ = await task.result }
            keptEvaluations.removeAll(of: id)
        }
    }

    /// Changes the room for a model's files.
    /// - Throws: `not_enough_space` below what the files take, `access_denied` for a model without files of its own.
    public func setFilesystemSize(of id: ModelID, mebibytes: Int) async throws(StrataError) {
        try await translating {
            try ModelRules.check(filesystemSizeMebibytes: mebibytes)
            _ = try writing()
            try await catalog.setFilesystemSize(ofModel: id.rawValue, mebibytes: mebibytes)
        }
    }
}

extension Model {
    init(_ row: ModelRow) throws(StrataError) {
        try self.init(row, stateCount: row.stateCount ?? 0, snapshotCount: row.snapshotCount ?? 0)
    }

    init(_ row: ModelRow, stateCount: Int, snapshotCount: Int) throws(StrataError) {
        guard let settings: ModelSettings = JSON.decode(row.settingsJSON) else {
            throw StrataError(
                .corrupted, "the settings of model `\(row.publicID)` in the catalog cannot be read",
                context: ["modelId": row.publicID])
        }
        self.init(
            id: ModelID(unchecked: row.publicID), owner: row.owner, name: row.name, description: row.description,
            isPublic: row.publicAccess, createdAtMilliseconds: row.createdAt,
            tags: row.tags.map { Tag($0.tag, $0.value) }, settings: settings,
            activeStateID: StateID(unchecked: row.activeState), basedOnSnapshot: row.basedOn.map(BasedOnSnapshot.init),
            stateCount: stateCount, snapshotCount: snapshotCount,
            filesystemSizeMebibytes: row.filesystemSizeMebibytes)
    }
}

extension Model.BasedOnSnapshot {
    init(_ row: BasedOnRow) {
        self.init(
            modelID: ModelID(unchecked: row.modelID), snapshotID: SnapshotID(unchecked: row.snapshotID),
            noLongerExists: !row.exists)
    }
}

extension TagRow {
    init(_ tag: Tag) { self.init(tag: tag.tag, value: tag.value) }
}

extension ModelOrigin {
    init(_ options: ModelOptions) {
        self =
            switch options.origin {
            case .empty: .empty(filesystemSizeMebibytes: options.filesystemSizeMebibytes)
            case .basedOnSnapshot(let snapshot, let model): .basedOnSnapshot(model: model.rawValue, snapshot: snapshot.rawValue)
            case .copyOfModel(let model): .copy(model: model.rawValue, snapshot: nil)
            case .copyOfSnapshot(let snapshot, let model): .copy(model: model.rawValue, snapshot: snapshot.rawValue)
            }
    }
}

extension ListQuery {
    init(_ filter: ListFilter, offset: Int, limit: Int) {
        self.init()
        owners = filter.owners
        ids = filter.ids
        names = filter.names
        tags = filter.tags.map(TagRow.init)
        searchName = filter.searchName
        visibleTo = filter.visibleTo
        visibleIDs = filter.visibleIDs
        sort = filter.sort == .name ? .name : .createdAt
        isAscending = filter.isAscending
        self.offset = offset
        self.limit = limit
    }
}
