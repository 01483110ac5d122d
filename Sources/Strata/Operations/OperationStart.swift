import Catalog

/// What an operation asks for, before it is resolved.
struct OperationStart: Sendable {
    let id: OperationID
    let kind: OperationKind
    let modelID: ModelID
    let parameters: [ParameterInput]
    var mounts: [MountRequest] = []
    /// The state that the code loads.
    var load: LoadSelection?
    /// The state that it makes.
    var newState: (id: StateID, name: String)?
    /// Where it runs, which may depend on the model's or snapshot's settings.
    let location: @Sendable (ModelSettings) -> ExecutionLocation

    var use: LauncherUse { LauncherUse(operationID: id, kind: kind) }

    /// - Throws: `invalid_parameter` for what needs no look into the store.
    func check() throws(StrataError) {
        if let newState { try Names.check(newState.name, kind == .train ? "newStateName" : "name") }
        var names: Set<String> = []
        for parameter in parameters where !names.insert(parameter.name).inserted {
            throw .invalidParameter("params", "the parameter `\(parameter.name)` was given twice; give each once")
        }
        var models: Set<ModelID> = []
        for mount in mounts where !models.insert(mount.modelID).inserted {
            throw .invalidParameter("mountModels", "model `\(mount.modelID)` is mounted twice; running code can tell mounts apart only by model")
        }
    }

    /// - Throws: `invalid_parameter` for a launcher that cannot be made.
    static func check(_ location: ExecutionLocation) throws(StrataError) {
        if case .temporaryLauncher(let spec) = location { try ModelRules.check(spec, "executionLocation") }
    }

    func request(session: String) -> OperationRequest {
        let datasets = parameters.compactMap { parameter -> DatasetSelection? in
            guard case .dataset(_, let id, let key) = parameter else { return nil }
            return DatasetSelection(datasetID: id.rawValue, key: key)
        }
        let now = Clock.milliseconds()
        let creation: (stateID: String, name: String, startedAt: Int64)? =
            if kind == .createState, let newState { (newState.id.rawValue, newState.name, now) } else { nil }
        return OperationRequest(
            session: session, modelID: modelID.rawValue, mounts: mounts.map(MountSelection.init), datasets: datasets, creation: creation,
            load: load, recordedMounts: Self.recordedMounts,
            record: OperationInsertion(
                operationID: id.rawValue, kind: kind.rawValue, newStateID: newState?.id.rawValue, newStateName: newState?.name,
                startedAt: now
            ) { [location, modelID] settingsJSON in
                JSON.encode(LocationRecord(location(try ResolvedOperation.settings(settingsJSON, of: modelID))))
            })
    }

    @Sendable static func recordedMounts(_ json: String) throws -> [MountSelection] {
        guard let records: [MountRecord] = JSON.decode(json) else {
            throw StrataError(.corrupted, "what was mounted when the state was made cannot be read in the catalog; run `strata repair`")
        }
        return records.map { record in
            MountSelection(modelID: record.modelID.rawValue, choice: record.snapshotID.map { .snapshot($0.rawValue) } ?? .active)
        }
    }
}
