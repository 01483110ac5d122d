import DecthingsAPI
import Strata

extension APIService {
    func uploadState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try uploadParams(call)
        let model = try await model(params.modelId, for: call, needing: .readwrite)
        try Self.checkKeys(params.stateKeyNames, call.blobs)
        var options = StateOptions()
        // Refused before the bytes are taken in; the commit looks again.
        for text in Set(params.deleteStates ?? []).sorted() {
            let id = try Self.stateID(text)
            if try await store.state(id, of: model.id).isActive { throw APIError(.stateIsActive) }
            options.deleteStates.append(id)
        }
        options.mounts = try await mountRecords(params.mountModels ?? [], call)
        let state = try await store.commitState(of: model.id, named: params.name, options: options) { writer in
            try await writer.write(params.stateKeyNames, from: call.blobs)
        }
        try await sink.answer(UploadStateResult(stateId: state.id.rawValue))
    }

    /// No names and no blobs are a state without keys.
    private func uploadParams(_ call: Call) throws(APIError) -> UploadStateParams {
        guard case .object(var members) = call.params, members["stateKeyNames"] ?? .null == .null, call.blobs.sizesBytes.isEmpty else {
            return try call.params(as: UploadStateParams.self)
        }
        members["stateKeyNames"] = []
        return try Self.wire { () throws(WireError) in try JSONValue.object(members).decode(UploadStateParams.self) }
    }

    func updateModelState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: UpdateModelStateParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        let state = try Self.stateID(params.stateId)
        if let name = params.properties.name {
            try await naming("properties") { try await store.renameState(state, of: model, to: name) }
        } else {
            _ = try await store.state(state, of: model)
        }
        try await sink.answer(EmptyResult())
    }

    func setActiveModelState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: StateParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        try await store.activateState(try Self.stateID(params.stateId), of: model)
        warmUp(model)
        try await sink.answer(EmptyResult())
    }

    func deleteModelState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: StateParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        try await store.deleteState(try Self.stateID(params.stateId), of: model)
        try await sink.answer(EmptyResult())
    }

    func getModelState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetModelStateParams.self)
        let model = try await model(params.modelId, for: call).id
        let state = try params.stateId.map { (text) throws(APIError) in try Self.stateID(text) }
        try await store.withState(state, of: model) { try await answer($0, keys: params.keys, to: sink) }
    }

    func getSnapshotState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetSnapshotStateParams.self)
        let model = try await model(params.modelId, for: call).id
        try await store.withSnapshotState(try Self.snapshotID(params.snapshotId), of: model) {
            try await answer($0, keys: params.keys, to: sink)
        }
    }
}
