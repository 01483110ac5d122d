import Foundation
import ModelRuntime
import Strata
import Synchronization
import Testing

/// One runtime with the model that the conformance suite runs on it.
struct RuntimeUnderTest: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let language: ModelLanguage
    let files: any MountedFiles
    var configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in }
    /// Runs the model without a process; nil for those that have one.
    var closures: ClosureExecutor?

    static let nodeRuntimePath = Fixture.path("node_runtime") + "/decthings-model-node"

    /// Those that run models in processes.
    static let processes = [
        RuntimeUnderTest(testDescription: "Python", language: .python, files: Fixture.files("conformance_python")),
        RuntimeUnderTest(
            testDescription: "Node", language: .javascript, files: Fixture.files("conformance_node"),
            configure: { $0.nodeRuntimePath = nodeRuntimePath }),
        RuntimeUnderTest(testDescription: "executable", language: .rust, files: Fixture.files("conformance_executable")),
    ]

    static let all =
        processes + [
            RuntimeUnderTest(
                testDescription: "closures", language: .python, files: MadeFiles { _ in }, closures: ConformanceClosures.executor)
        ]

    /// Starts the model, gives it to `body` and checks that nothing is left of it.
    func withSession(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: @Sendable (any ModelSession) async throws -> Void
    ) async throws {
        try await RunGate.shared.pass {
            let root = try ModelRun.makeRoot()
            defer { try? FileManager.default.removeItem(atPath: root) }
            var configuration = ProcessExecutor.Configuration()
            configuration.temporaryRoot = root
            configure(&configuration)
            let executor: any ModelExecutor = closures ?? ProcessExecutor(configuration: configuration)
            let launcher = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec()))
            let result: Result<Void, any Error>
            do {
                let session = try await launcher.start(code())
                do {
                    try await body(session)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                await session.terminate(reusable: false)
            } catch {
                result = .failure(error)
            }
            await launcher.release()
            #expect(Leftovers.processes(below: root).isEmpty, sourceLocation: sourceLocation)
            #expect(Leftovers.files(below: root).isEmpty, sourceLocation: sourceLocation)
            try result.get()
        }
    }

    func code(model: ModelID = .random(), files identity: String = "1") -> ModelCode {
        ModelCode(modelID: model, language: language, files: files, filesIdentity: identity)
    }
}

/// Keeps what training reports.
final class RecordingObserver: TrainingObserver {
    private let state = Mutex<(progress: [Double], metrics: [(String, Item)])>(([], []))
    private let whenReported: @Sendable () -> Void

    init(whenReported: @escaping @Sendable () -> Void = {}) { self.whenReported = whenReported }

    var progress: [Double] { state.withLock { $0.progress } }
    var metrics: [(String, Item)] { state.withLock { $0.metrics } }

    func progress(_ value: Double) async throws {
        state.withLock { $0.progress.append(value) }
        whenReported()
    }

    func metric(_ name: String, _ item: Item) async throws { state.withLock { $0.metrics.append((name, item)) } }
}

/// Model code failed in another way than it should have.
struct AnotherFailure: Error {
    let failure: (any Error)?
    init(_ failure: (any Error)?) { self.failure = failure }
}
