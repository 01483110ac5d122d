import DecthingsAPI
import Strata

/// Models, states and snapshots in the API's words.

extension DecthingsAPI.Model {
    init(_ details: ModelDetails, owner: Owner, access: Access, isBeingCreated: Bool) {
        let (model, settings) = (details.model, details.model.settings)
        self.init(
            id: model.id.rawValue, name: model.name, description: model.description, publicAccess: model.isPublic,
            createdAt: model.createdAtMilliseconds, tags: model.tags.map { DecthingsAPI.Tag(tag: $0.tag, value: $0.value) }, owner: owner,
            access: access, beingCreated: isBeingCreated, language: DecthingsAPI.ModelLanguage(settings.language), wasm: settings.wasm,
            image: DecthingsAPI.ModelImage(settings.image),
            parameterDefinitions: DecthingsAPI.ParameterDefinitions(settings.parameterDefinitions),
            defaultLauncherSpecs: DecthingsAPI.DefaultLauncherSpecs(settings),
            maxDurationsSeconds: DecthingsAPI.MaxDurationsSeconds(settings.maxDurations),
            filesystemSizeMebibytes: details.codeSizeMebibytes ?? 0,
            ongoingTrainingSessions: details.runningTrainings.map(\.rawValue), trainingSessions: details.endedTrainings.map(\.rawValue),
            states: details.states.map(DecthingsAPI.ModelState.init), activeState: model.activeStateID.rawValue,
            snapshots: details.snapshots.map(DecthingsAPI.Snapshot.init),
            basedOnSnapshot: model.basedOnSnapshot.map {
                DecthingsAPI.BasedOnSnapshot(
                    modelId: $0.modelID.rawValue, snapshotId: $0.snapshotID.rawValue, noLongerExists: $0.noLongerExists)
            })
    }
}

extension DecthingsAPI.ModelState {
    init(_ state: State) {
        self.init(
            id: state.id.rawValue, name: state.name, trainingOperations: state.trainingOperations,
            createdAt: state.createdAtMilliseconds, beingDeleted: state.isBeingDeleted,
            state: state.keys.map(DecthingsAPI.StateKey.init), mountedModels: state.mounts.map(DecthingsAPI.MountedModel.init))
    }
}

extension DecthingsAPI.StateKey {
    init(_ key: Strata.StateKey) { self.init(key: key.key, byteSize: key.sizeBytes) }
}

extension DecthingsAPI.MountedModel {
    init(_ mount: MountRecord) { self.init(modelId: mount.modelID.rawValue, snapshotId: mount.snapshotID?.rawValue) }
}

extension DecthingsAPI.Snapshot {
    init(_ snapshot: Strata.Snapshot) {
        let settings = snapshot.settings
        self.init(
            id: snapshot.id.rawValue, name: snapshot.name, createdAt: snapshot.createdAtMilliseconds,
            filesystemSizeMebibytes: snapshot.filesystemSizeMebibytes,
            parameterDefinitions: DecthingsAPI.ParameterDefinitions(settings.parameterDefinitions),
            defaultLauncherSpecs: DecthingsAPI.DefaultLauncherSpecs(settings),
            maxDurationsSeconds: DecthingsAPI.MaxDurationsSeconds(settings.maxDurations), image: DecthingsAPI.SnapshotImage(settings.image),
            state: DecthingsAPI.SnapshotState(
                name: snapshot.stateName, state: snapshot.keys.map(DecthingsAPI.StateKey.init),
                mountedModels: snapshot.mounts.map(DecthingsAPI.MountedModel.init)))
    }
}
