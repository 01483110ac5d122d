import DecthingsAPI
import Strata

extension APIService {
    /// The models that a run is to see, if the caller may see them too.
    ///
    /// - Throws: `model_to_mount_not_found`, `state_for_model_to_mount_not_found`, `snapshot_for_model_to_mount_not_found`.
    func mounts(_ mounts: [MountModel], _ call: Call) async throws -> [MountRequest] {
        var requests: [MountRequest] = []
        for mount in mounts {
            let model = try await mountedModel(mount.modelId, call)
            let state = try mount.stateId.map { (text) throws(APIError) in
                guard let id = StateID(rawValue: text) else { throw APIError(.stateForModelToMountNotFound) }
                return id
            }
            let snapshot = try mount.snapshotId.map { (text) throws(APIError) in try Self.mountedSnapshotID(text) }
            try await requireMounted(state, snapshot, of: model)
            requests.append(try MountRequest(modelID: model, stateID: state, snapshotID: snapshot))
        }
        return requests
    }

    /// The models that an uploaded state names as mounted; they are there and the caller may see them.
    func mountRecords(_ mounts: [DecthingsAPI.MountedModel], _ call: Call) async throws -> [MountRecord] {
        var records: [MountRecord] = []
        for mount in mounts {
            let model = try await mountedModel(mount.modelId, call)
            let snapshot = try mount.snapshotId.map { (text) throws(APIError) in try Self.mountedSnapshotID(text) }
            guard !records.contains(where: { $0.modelID == model }) else {
                throw APIError.invalidParameter("mountModels", "the model \(model) is mounted twice; mount each model once")
            }
            try await requireMounted(nil, snapshot, of: model)
            records.append(MountRecord(modelID: model, snapshotID: snapshot))
        }
        return records
    }

    /// They are there; looked at before parameters are read, which may be long.
    private func requireMounted(_ state: StateID?, _ snapshot: SnapshotID?, of model: ModelID) async throws {
        do throws(StrataError) {
            if let state { _ = try await store.state(state, of: model) }
            if let snapshot { _ = try await store.snapshot(snapshot, of: model) }
        } catch {
            switch error.code {
            case .stateNotFound: throw APIError(.stateForModelToMountNotFound)
            case .snapshotNotFound: throw APIError(.snapshotForModelToMountNotFound)
            default: throw error
            }
        }
    }

    private func mountedModel(_ text: String, _ call: Call) async throws -> ModelID {
        do {
            return try await model(text, for: call).id
        } catch let error as APIError where error.code == .modelNotFound {
            throw APIError(.modelToMountNotFound)
        } catch let error as StrataError where error.code == .modelNotFound {
            throw APIError(.modelToMountNotFound)
        }
    }

    private static func mountedSnapshotID(_ text: String) throws(APIError) -> SnapshotID {
        guard let id = SnapshotID(rawValue: text) else { throw APIError(.snapshotForModelToMountNotFound) }
        return id
    }
}
