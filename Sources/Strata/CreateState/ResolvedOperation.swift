import Catalog

/// What a creation runs with, fixed at one moment of the catalog.
struct ResolvedOperation: Sendable {
    struct Mounted: Sendable {
        let record: MountRecord
        let keys: [KeyRow]
    }

    let settings: ModelSettings
    let code: ModelCode
    let call: CreateModelStateCall
    let mounts: [Mounted]

    init(_ rows: ResolvedOperationRows, request: CreateStateRequest, store: StateStore) throws(StrataError) {
        guard let row = rows.model, let filesystem = rows.filesystem else { throw .modelNotFound(request.modelID) }
        settings = try Model(row).settings
        let parameters = try Self.parameters(request, rows, store)
        try ParameterCheck(definitions: settings.parameterDefinitions.createState).check(parameters)
        code = ModelCode(
            modelID: request.modelID, language: settings.language, files: store.storedFiles(filesystem),
            filesIdentity: filesystem.identity)
        mounts = rows.mounts.map { mount in
            Mounted(
                record: MountRecord(
                    modelID: ModelID(unchecked: mount.modelID), snapshotID: mount.snapshotID.map(SnapshotID.init(unchecked:))),
                keys: mount.keys)
        }
        let otherModels = rows.mounts.map { mount in
            MountedModel(
                modelID: ModelID(unchecked: mount.modelID), files: store.storedFiles(mount.filesystem),
                state: mount.keys.map { key in
                    let source = ValueSource(id: key.value, catalog: store.catalog, reader: store.reader)
                    return CallParameter(name: key.key, items: StoredItem(source: source, sizeBytes: key.sizeBytes))
                })
        }
        call = CreateModelStateCall(
            parameters: parameters.map { CallParameter(name: $0.name, items: $0.source) }, otherModels: otherModels)
    }

    private static func parameters(
        _ request: CreateStateRequest, _ rows: ResolvedOperationRows, _ store: StateStore
    ) throws(StrataError) -> [ParameterCheck.Parameter] {
        var datasets = rows.datasets.makeIterator()
        var parameters: [ParameterCheck.Parameter] = []
        for parameter in request.parameters {
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

/// Holds an operation's parameters against what the model declares (spec: model-api.md section 4.1).
struct ParameterCheck {
    struct Parameter: Sendable {
        let name: String
        let items: [(elementType: String, shape: [Int])]
        let source: any ItemSource
    }

    let definitions: [ParameterDefinition]

    /// With an empty list of definitions only repeated names are refused.
    func check(_ parameters: [Parameter]) throws(StrataError) {
        var names: Set<String> = []
        for parameter in parameters where !names.insert(parameter.name).inserted {
            throw .invalidParameter("params", "the parameter `\(parameter.name)` was given twice; give each once")
        }
        guard !definitions.isEmpty else { return }
        for parameter in parameters {
            guard let definition = definitions.first(where: { $0.name == parameter.name }) else {
                let declared = definitions.map { "`\($0.name)`" }.joined(separator: ", ")
                throw .invalidParameter("params", "the model declares no parameter `\(parameter.name)`; it declares \(declared)")
            }
            for (number, item) in parameter.items.enumerated() {
                if let misfit = definition.misfit(elementType: item.elementType, shape: item.shape) {
                    throw .invalidParameter("params", "item \(number) of the parameter `\(parameter.name)` \(misfit)")
                }
            }
        }
        for definition in definitions where definition.required && !names.contains(definition.name) {
            throw .invalidParameter("params", "the required parameter `\(definition.name)` is missing")
        }
    }
}
