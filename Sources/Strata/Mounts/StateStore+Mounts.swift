import Catalog
import ContentStore
import Logging

extension StateStore {
    /// Mounts other models' files and states for as long as `body` runs.
    ///
    /// All mounts are resolved at one moment and pinned. A state that is deleted meanwhile stays, marked, until the last
    /// mount of it closes; a model or snapshot that is deleted meanwhile stays readable through the mount.
    ///
    /// - Throws: `model_to_mount_not_found`, `state_for_model_to_mount_not_found`, `snapshot_for_model_to_mount_not_found`,
    ///   `snapshot_no_longer_exists`; what `body` throws passes through unchanged.
    /// - Complexity: two transactions.
    public func withMounts<T>(_ requests: [MountRequest], _ body: ([Mount]) async throws -> T) async throws -> T {
        try await holding {
            let rows: ResolvedOperationRows
            do {
                let session = try await registeredSession()
                rows = try await catalog.resolve(
                    OperationRequest(session: session, modelID: nil, mounts: requests.map(MountSelection.init)))
            } catch {
                throw StrataError.wrapping(error)
            }
            return try await releasing(rows.pins) { try await body(rows.mounts.map(mount)) }
        }
    }

    /// Runs `body` and gives the pins back whatever becomes of it.
    func releasing<T>(_ pins: [PinID], _ body: () async throws -> T) async throws -> T {
        let result: T
        do {
            result = try await body()
        } catch {
            // The first error is the one that matters; pins that stay are swept with the session.
            try? await catalog.release(pins)
            throw error
        }
        do {
            try await catalog.release(pins)
        } catch {
            logger.warning("pins could not be released; they go with the session", metadata: ["error": "\(error)"])
        }
        return result
    }

    func mount(_ row: ResolvedMount) -> Mount {
        let what = row.snapshotID.map { "snapshot `\($0)`" } ?? "state `\(row.stateID ?? "?")`"
        var context = ["modelId": row.modelID]
        context["stateId"] = row.stateID
        context["snapshotId"] = row.snapshotID
        return Mount(
            modelID: ModelID(unchecked: row.modelID), stateID: row.stateID.map(StateID.init(unchecked:)),
            snapshotID: row.snapshotID.map(SnapshotID.init(unchecked:)),
            state: StateReader(
                keys: row.keys, what: "\(what) of mounted model `\(row.modelID)`", context: context, catalog: catalog,
                reader: reader),
            files: storedFiles(row.filesystem))
    }
}

extension MountSelection {
    init(_ request: MountRequest) {
        let choice: Choice =
            switch request.selection {
            case .active: .active
            case .state(let id): .state(id.rawValue)
            case .snapshot(let id): .snapshot(id.rawValue)
            }
        self.init(modelID: request.modelID.rawValue, choice: choice)
    }
}
