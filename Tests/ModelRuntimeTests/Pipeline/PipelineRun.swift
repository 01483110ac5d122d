import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// A store, a model with the files of a fixture, and the real runtime: what an embedder has.
struct PipelineRun: Sendable {
    let store: StateStore
    let model: ModelID
    let executor: ProcessExecutor
    let root: String

    /// Runs `body` and checks that neither the runtime nor the store kept anything of what ran.
    static func with(
        _ fixture: String, language: ModelLanguage = .python, limits: MaxDurations = MaxDurations(),
        definitions: [Strata.ParameterDefinition] = [],
        configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable (PipelineRun) async throws -> Void
    ) async throws {
        try await RunGate.shared.pass {
            let root = try ModelRun.makeRoot()
            defer { try? FileManager.default.removeItem(atPath: root) }
            try await withTemporaryStore { store in
                var settings = ModelSettings(language: language, maxDurations: limits)
                settings.parameterDefinitions.createState = definitions
                let name = String(fixture.split(separator: "/").last ?? "model")
                let model = try await store.createModel(named: name, options: ModelOptions(settings: settings))
                try await store.changeFiles(of: model.id) { try await $0.putTree(Fixture.path(fixture)) }
                var configuration = ProcessExecutor.Configuration()
                configuration.temporaryRoot = root
                configure(&configuration)
                let run = PipelineRun(
                    store: store, model: model.id, executor: ProcessExecutor(configuration: configuration), root: root)
                do {
                    try await body(run)
                } catch {
                    // The body's error is the one that matters; its processes may not outlive it.
                    await run.executor.close()
                    throw error
                }
                await run.executor.close()
                #expect(Leftovers.processes(below: root).isEmpty, sourceLocation: sourceLocation)
                #expect(Leftovers.files(below: root).isEmpty, sourceLocation: sourceLocation)
                try await StoreLeftovers.expectNone(in: store, sourceLocation: sourceLocation)
                #expect(try await store.verify().isSound, sourceLocation: sourceLocation)
            }
        }
    }

    func create(
        _ parameters: [ParameterInput] = [], mounts: [MountRequest] = [], id: StateID = .random()
    ) async throws -> CreateStateResult {
        try await store.createState(
            CreateStateRequest(modelID: model, name: "made", parameters: parameters, mounts: mounts, stateID: id), on: executor)
    }

    /// The failure of a creation, of which nothing may remain but its record.
    func failure(
        _ parameters: [ParameterInput] = [], mounts: [MountRequest] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (ExecutionFailure, OperationDurations)? {
        let id = StateID.random()
        let result = try await create(parameters, mounts: mounts, id: id)
        #expect(try await store.states(of: model).items.map(\.name) == ["initial"], sourceLocation: sourceLocation)
        #expect(Leftovers.processes(below: root).isEmpty, sourceLocation: sourceLocation)
        try await StoreLeftovers.expectNone(in: store, sourceLocation: sourceLocation)
        guard case .failed(let failure, let durations) = result else {
            Issue.record("the creation succeeded", sourceLocation: sourceLocation)
            return nil
        }
        let record = try await store.operation(OperationID(unchecked: id.rawValue), of: model)
        #expect(record.status == .failed(failure), sourceLocation: sourceLocation)
        return (failure, durations)
    }
}
