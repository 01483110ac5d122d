import DecthingsAPI
import Logging
import ModelRuntime
import Strata

extension APIService {
    func setUsedPersistentLaunchers(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: SetUsedPersistentLaunchersParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite)
        var uses: [UsedLaunchers.Use] = []
        for used in params.persistentLaunchers {
            let launcher = try launcher(used.persistentLauncherId, for: call.caller)
            guard launcher.state != .deleting else { throw APIError(.persistentLauncherNotFound) }
            guard !uses.contains(where: { $0.id == launcher.id }) else {
                throw APIError.invalidParameter("persistentLaunchers", "the launcher \(launcher.id) is named twice; name each once")
            }
            uses.append(.init(id: launcher.id, level: used.level))
        }
        if model.basedOnSnapshot?.noLongerExists == true { throw APIError(.snapshotNoLongerExists) }
        usedLaunchers.set(uses, for: model.id)
        warmUp(model.id)
        try await sink.answer(EmptyResult())
    }

    func getUsedPersistentLaunchers(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        let model = try await model(params.modelId, for: call).id
        let there = Set(executor.persistentLaunchers.filter { $0.state != .deleting }.map(\.id))
        try await sink.answer(
            UsedPersistentLaunchersResult(
                usedPersistentLaunchers: usedLaunchers.of(model).filter { there.contains($0.id) }.map {
                    UsedPersistentLauncher(persistentLauncherId: $0.id.rawValue, level: $0.level)
                }))
    }

    /// The launcher that the next evaluation of a model uses: the one with the least to do; nil when the model uses none.
    func usedLauncher(of model: ModelID) -> UsedLaunchers.Use? {
        let uses = usedLaunchers.of(model)
        guard !uses.isEmpty else { return nil }
        let counts = Dictionary(
            uniqueKeysWithValues: executor.persistentLaunchers.filter { $0.state != .deleting }.map { ($0.id, $0.operationCount) })
        return uses.filter { counts[$0.id] != nil }.min { counts[$0.id]! < counts[$1.id]! }
    }

    /// Has the launchers that a model uses make ready what their level says. It goes on by itself; what fails is logged, and
    /// the next evaluation does it then.
    func warmUp(_ model: ModelID) {
        for use in usedLaunchers.of(model) where use.level != .launcher {
            Task { [store, executor, logger = options.logger] in
                do {
                    let failure = try await store.warmUp(
                        model, on: executor, at: use.id, loadingState: use.level == .instantiatedModel)
                    if let failure { logger.notice("a model could not be kept ready: \(failure)", metadata: ["model.id": "\(model)"]) }
                } catch {
                    logger.notice("a model could not be kept ready: \(error)", metadata: ["model.id": "\(model)"])
                }
            }
        }
    }
}
