import DecthingsAPI

extension APIService {
    /// The methods of the Model API.
    func performModel(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .createModel: try await createModel(call, sink)
        case .waitForModelToBeCreated: try await waitForModelToBeCreated(call, sink)
        case .deleteModel: try await deleteModel(call, sink)
        case .updateModel: try await updateModel(call, sink)
        case .getModels: try await getModels(call, sink)
        case .setFilesystemSize: try await setFilesystemSize(call, sink)
        case .getFilesystemUsage: try await getFilesystemUsage(call, sink)
        case .setImage: try await setImage(call, sink)
        case .snapshotModel: try await snapshotModel(call, sink)
        case .updateSnapshot: try await updateSnapshot(call, sink)
        case .deleteSnapshot: try await deleteSnapshot(call, sink)
        case .getSnapshotState: try await getSnapshotState(call, sink)
        default: try await performState(call, sink)
        }
    }

    private func performState(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .createState: try await createState(call, sink)
        case .uploadState: try await uploadState(call, sink)
        case .cancelCreateState: try await cancelCreateState(call, sink)
        case .getCreatingStates: try await getCreatingStates(call, sink)
        case .waitForStateToBeCreated: try await waitForStateToBeCreated(call, sink)
        case .updateModelState: try await updateModelState(call, sink)
        case .setActiveModelState: try await setActiveModelState(call, sink)
        case .deleteModelState: try await deleteModelState(call, sink)
        case .getModelState: try await getModelState(call, sink)
        default: try await performRun(call, sink)
        }
    }

    private func performRun(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .train: try await train(call, sink)
        case .getTrainingStatus: try await getTrainingStatus(call, sink)
        case .getTrainingMetrics: try await getTrainingMetrics(call, sink)
        case .getTrainingSysinfo: try await getTrainingSysinfo(call, sink)
        case .cancelTrainingSession: try await cancelTrainingSession(call, sink)
        case .clearPreviousTrainingSession: try await clearPreviousTrainingSession(call, sink)
        case .evaluate: try await evaluate(call, sink)
        case .getEvaluations: try await getEvaluations(call, sink)
        case .getFinishedEvaluationResult: try await getFinishedEvaluationResult(call, sink)
        case .cancelEvaluation: try await cancelEvaluation(call, sink)
        case .setUsedPersistentLaunchersForEvaluate: try await setUsedPersistentLaunchers(call, sink)
        case .getUsedPersistentLaunchersForEvaluate: try await getUsedPersistentLaunchers(call, sink)
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }
}
