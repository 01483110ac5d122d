import DecthingsAPI
import Strata

extension APIService {
    func deleteModel(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        let model = try await model(params.modelId, for: call, needing: .admin).id
        try await unbound { [store] in try await store.deleteModel(model) }
        usedLaunchers.remove(model)
        try await sink.answer(EmptyResult())
    }

    func updateModel(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: UpdateModelParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        let properties = params.properties
        if let name = properties.name, name.contains("/") {
            throw APIError.invalidParameter("properties", "the name \(name.prefix(64)) has a `/`, which parts an organization from a name; leave it out")
        }
        var change = ModelChange(
            name: properties.name, description: properties.description, isPublic: properties.publicAccess,
            tags: properties.tags?.map { Strata.Tag($0.tag, $0.value) })
        if properties.changesSettings {
            change.changeSettings = { settings in properties.apply(to: &settings) }
        }
        try await naming("properties") { try await store.updateModel(model, change) }
        try await sink.answer(EmptyResult())
    }

    func setImage(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: SetImageParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        for (name, value) in [("domain", params.domain), ("repository", params.repository), ("reference", params.reference)]
        where value.isEmpty || value.utf8.count > 255 {
            throw APIError.invalidParameter(name, "the \(name) of the image has \(value.utf8.count) bytes; allowed are 1 to 255")
        }
        // Nothing is copied here, so that the digest stays unknown.
        try await store.updateModel(model, ModelChange { settings in
            settings.image = Strata.ModelImage(
                domain: params.domain, repository: params.repository, reference: params.reference, digest: settings.image.digest)
        })
        try await sink.answer(EmptyResult())
    }

    func setFilesystemSize(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: SetFilesystemSizeParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite)
        guard model.basedOnSnapshot == nil else { throw APIError(.invalidExecutorType) }
        do {
            try await store.setFilesystemSize(of: model.id, mebibytes: params.newFilesystemSizeMebibytes)
        } catch where error.code == .invalidParameter {
            throw APIError.invalidParameter("newFilesystemSizeMebibytes", error.message)
        }
        try await sink.answer(EmptyResult())
    }

    func getFilesystemUsage(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        let model = try await model(params.modelId, for: call)
        let usage: FilesUsage
        do {
            usage = try await store.filesUsage(of: model.id)
        } catch where error.code == .snapshotNoLongerExists {
            throw APIError.invalidParameter("modelId", error.message)
        }
        let (blocks, inodes) = (usage.sizeMebibytes * 256, usage.sizeMebibytes * 64)
        try await sink.answer(
            FilesystemUsageResult(
                blockSize: FilesUsage.blockBytes, totalBlocks: blocks, freeBlocks: max(blocks - usage.usedBlocks, 0), totalInodes: inodes,
                freeInodes: max(inodes - usage.inodes, 0)))
    }
}

extension UpdateModelParams.Properties {
    fileprivate var changesSettings: Bool {
        parameterDefinitions != nil || defaultLauncherSpecs != nil || maxDurationsSeconds != nil
    }

    fileprivate func apply(to settings: inout ModelSettings) {
        if let parameterDefinitions { settings.parameterDefinitions = Strata.ParameterDefinitions(parameterDefinitions) }
        if let spec = defaultLauncherSpecs?.createState { settings.createStateLauncher = Strata.LauncherSpec(spec) }
        if let spec = defaultLauncherSpecs?.evaluate { settings.evaluateLauncher = Strata.LauncherSpec(spec) }
        if let maxDurationsSeconds { settings.maxDurations = Strata.MaxDurations(maxDurationsSeconds) }
    }
}
