import DecthingsAPI
import Strata

extension APIService {
    func snapshotModel(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: SnapshotModelParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        do {
            let snapshot = try await store.createSnapshot(of: model, named: params.snapshotName)
            try await sink.answer(SnapshotModelResult(snapshotId: snapshot.id.rawValue))
        } catch let error as StrataError where error.code == .snapshotNoLongerExists {
            // The method has no word for it.
            throw APIError.invalidParameter("modelId", error.message)
        }
    }

    func updateSnapshot(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: UpdateSnapshotParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        let snapshot = try Self.snapshotID(params.snapshotId)
        if let name = params.properties.name {
            try await naming("properties") { try await store.renameSnapshot(snapshot, of: model, to: name) }
        } else {
            _ = try await store.snapshot(snapshot, of: model)
        }
        try await sink.answer(EmptyResult())
    }

    func deleteSnapshot(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: SnapshotParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        try await store.deleteSnapshot(try Self.snapshotID(params.snapshotId), of: model)
        try await sink.answer(EmptyResult())
    }
}
