import DecthingsAPI
import Logging
import Strata

extension APIService {
    func createModel(_ call: Call, _ sink: any AnswerSink) async throws {
        try call.caller.requireRightToCreate()
        let params = try call.params(as: CreateModelParams.self)
        // No other field could name an organization.
        guard !params.name.contains("/") else { throw APIError(.organizationNotFound) }
        switch params.options {
        case .code(let code):
            try call.blobs.require(count: 0)
            let id = try await createModel(params, code)
            try await sink.answer(CreateModelResult(modelId: id.rawValue, isNowCreating: false))
        case .upload(let upload):
            throw APIError.invalidParameter(
                "options", "files of the format \(upload.format.prefix(64)) cannot be run by this server; make a model of code")
        case .fromExisting(let copy):
            try call.blobs.require(count: 0)
            let id = try await createModel(params, copy, call)
            try await sink.answer(CreateModelResult(modelId: id.rawValue, isNowCreating: false))
        case .basedOnModelSnapshot(let based):
            try await createModel(params, based, call, sink)
        }
    }

    private func createModel(_ params: CreateModelParams, _ code: CodeModelOptions) async throws -> ModelID {
        let language = Strata.ModelLanguage(code.language)
        var options = Self.options(params, tags: code.tags)
        options.settings = ModelSettings(
            language: language, wasm: code.wasm ?? false,
            parameterDefinitions: Strata.ParameterDefinitions(code.parameterDefinitions ?? DecthingsAPI.ParameterDefinitions()))
        let files = ModelPreset.files(code.preset, language)
        let id = try await store.createModel(named: params.name, options: options).id
        guard !files.isEmpty else { return id }
        try await finishing(id) {
            try await store.changeFiles(of: id) { writer in
                for file in files { try await writer.put(file.path, Array(file.text.utf8)) }
            }
        }
        return id
    }

    private func createModel(_ params: CreateModelParams, _ copy: CopyModelOptions, _ call: Call) async throws -> ModelID {
        let source = try await model(copy.modelId, for: call).id
        var options = Self.options(params, tags: copy.tags)
        options.origin =
            if let snapshot = copy.snapshotId { .copyOfSnapshot(try Self.snapshotID(snapshot), of: source) } else { .copyOfModel(source) }
        return try await sayingSnapshotNotFound { try await store.createModel(named: params.name, options: options).id }
    }

    static func options(_ params: CreateModelParams, tags: [DecthingsAPI.Tag]?) -> ModelOptions {
        var options = ModelOptions(description: params.description)
        options.isPublic = params.publicAccess ?? false
        options.tags = (tags ?? []).map { Strata.Tag($0.tag, $0.value) }
        return options
    }

    /// Runs what a new model still needs; when that fails the model goes again.
    func finishing<T>(_ id: ModelID, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch {
            await discard(id)
            throw error
        }
    }

    func discard(_ id: ModelID) async {
        do {
            // Also when the caller is gone.
            try await unbound { [store] in try await store.deleteModel(id) }
        } catch let error as StrataError where error.code == .modelNotFound {
            // Somebody else has deleted it.
        } catch {
            options.logger.warning("a model that could not be created stays: \(error)", metadata: ["model.id": "\(id)"])
        }
    }

    /// A model whose code was a snapshot's that is gone: most methods know it as a missing snapshot.
    func sayingSnapshotNotFound<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as StrataError {
            throw error.code == .snapshotNoLongerExists ? APIError(.snapshotNotFound) : error
        }
    }

    static func snapshotID(_ text: String) throws(APIError) -> SnapshotID {
        guard let id = SnapshotID(rawValue: text) else { throw APIError(.snapshotNotFound) }
        return id
    }

    static func stateID(_ text: String) throws(APIError) -> StateID {
        guard let id = StateID(rawValue: text) else { throw APIError(.stateNotFound) }
        return id
    }
}
