import Catalog

extension StateStore {
    /// Has a persistent launcher start a model's code, or load the active state too, so that an evaluation finds it ready.
    ///
    /// What is loaded stays for as long as the launcher keeps it: until the model's files change, or code that was used since
    /// takes its place. A state that was made with other models mounted is not kept; then only the code is. No record is made.
    ///
    /// - Parameter loadingState: also loads the active state, for requests with `keepsInstance`.
    /// - Returns: why it failed; nil for success.
    /// - Throws: `model_not_found`, `snapshot_no_longer_exists`, `model_to_mount_no_longer_exists`,
    ///   `persistent_launcher_not_found`.
    public func warmUp(
        _ model: ModelID, on executor: any ModelExecutor, at launcher: LauncherID, loadingState: Bool
    ) async throws(StrataError) -> ExecutionFailure? {
        try await translating {
            let start = OperationStart(
                id: .random(), kind: .evaluate, modelID: model, parameters: [], load: loadingState ? .state(nil) : nil,
                location: { _ in .persistentLauncher(launcher) })
            return try await holdingHorizon { _ in
                let rows = try await catalog.resolve(
                    OperationRequest(
                        session: try await registeredSession(), modelID: model.rawValue, mounts: [], load: start.load,
                        recordedMounts: OperationStart.recordedMounts))
                return try await releasing(rows.pins) {
                    do {
                        try await warmUp(try ResolvedOperation(rows, start, definitions: { _ in [] }, store: self), start, on: executor)
                        return nil
                    } catch let refusal as LauncherRefusal {
                        throw refusal.error
                    } catch let error as StrataError {
                        throw error
                    } catch {
                        return ExecutionFailure(of: error)
                    }
                }
            }
        }
    }

    private func warmUp(_ resolved: ResolvedOperation, _ start: OperationStart, on executor: any ModelExecutor) async throws {
        let pipeline = OperationPipeline(
            executor: executor, location: resolved.location, code: resolved.code, limits: resolved.settings.maxDurations,
            journal: OperationJournal(start.id, catalog: catalog, logger: logger))
        try await pipeline.run { session in
            guard resolved.loaded != nil else { return }
            try await instantiate(resolved, isKept: true, in: session).dispose()
        }
    }
}
