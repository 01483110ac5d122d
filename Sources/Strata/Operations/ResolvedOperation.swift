import Catalog

/// What an operation runs with, fixed at one moment of the catalog.
struct ResolvedOperation: Sendable {
    struct Mounted: Sendable {
        let record: MountRecord
        let keys: [KeyRow]
    }

    let model: ModelRow
    /// The catalog's sequence at that moment, from which on the store loses nothing while the operation holds its horizon.
    let horizon: Int64
    let settings: ModelSettings
    let code: ModelCode
    let parameters: [CallParameter]
    let mounts: [Mounted]
    /// The same models as running code sees them.
    let otherModels: [MountedModel]
    /// The state that the code loads.
    let loaded: LoadedState?
    let location: ExecutionLocation

    /// - Parameter definitions: which of the model's parameters are meant.
    /// - Throws: `invalid_parameter`, and `corrupted` for settings that cannot be read.
    init(
        _ rows: ResolvedOperationRows, _ start: OperationStart, definitions: (ParameterDefinitions) -> [ParameterDefinition], store: StateStore
    ) throws(StrataError) {
        let modelID = start.modelID
        guard let model = rows.model, let filesystem = rows.filesystem else { throw .modelNotFound(modelID) }
        self.model = model
        horizon = rows.sequence
        settings = try Self.settings(rows.settingsJSON, of: modelID)
        let parameters = try Self.parameters(start.parameters, rows, store)
        try ParameterCheck(definitions: definitions(settings.parameterDefinitions)).check(parameters)
        self.parameters = parameters.map { CallParameter(name: $0.name, items: $0.source) }
        code = ModelCode(
            modelID: modelID, language: settings.language, files: store.storedFiles(filesystem), filesIdentity: filesystem.identity)
        mounts = rows.mounts.map { mount in
            Mounted(
                record: MountRecord(
                    modelID: ModelID(unchecked: mount.modelID), snapshotID: mount.snapshotID.map(SnapshotID.init(unchecked:))),
                keys: mount.keys)
        }
        otherModels = rows.mounts.map { mount in
            MountedModel(
                modelID: ModelID(unchecked: mount.modelID), files: store.storedFiles(mount.filesystem),
                state: Self.items(of: mount.keys, store))
        }
        loaded = rows.loaded
        location = start.location(settings)
    }

    /// A state's keys as running code gets them, each a single item.
    static func items(of keys: [KeyRow], _ store: StateStore) -> [CallParameter] {
        keys.map { key in
            let source = ValueSource(id: key.value, catalog: store.catalog, reader: store.reader)
            return CallParameter(name: key.key, items: StoredItem(source: source, sizeBytes: key.sizeBytes))
        }
    }

    /// The call that loads the state.
    ///
    /// - Parameter isKept: the instance may be used again. Never one that sees other models: their files go with the operation.
    func instantiation(_ store: StateStore, isKept: Bool = false) -> InstantiateModelCall {
        InstantiateModelCall(
            state: Self.items(of: loaded?.keys ?? [], store), otherModels: otherModels,
            keptAs: isKept && otherModels.isEmpty ? loaded?.stateID : nil)
    }

    static func settings(_ json: String, of model: ModelID) throws(StrataError) -> ModelSettings {
        guard let settings: ModelSettings = JSON.decode(json) else {
            throw StrataError(
                .corrupted, "the settings of model `\(model)` in the catalog cannot be read", context: ["modelId": model.rawValue])
        }
        return settings
    }

    private static func parameters(
        _ inputs: [ParameterInput], _ rows: ResolvedOperationRows, _ store: StateStore
    ) throws(StrataError) -> [ParameterCheck.Parameter] {
        var datasets = rows.datasets.makeIterator()
        var parameters: [ParameterCheck.Parameter] = []
        for parameter in inputs {
            switch parameter {
            case .inline(let name, let items):
                parameters.append(
                    .init(
                        name: name, items: items.map { ($0.elementType, $0.shape) },
                        source: InlineItems(items: items.map(\.bytes))))
            case .dataset(let name, let id, _):
                guard let dataset = datasets.next() else { throw .datasetNotFound(id) }
                parameters.append(
                    .init(
                        name: name, items: dataset.items.map { ($0.elementType, JSON.decode($0.shapeJSON) ?? []) },
                        source: StoredItems(rows: dataset.items, catalog: store.catalog, reader: store.reader)))
            }
        }
        return parameters
    }
}
