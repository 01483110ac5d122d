import Foundation
import Logging
import ModelRuntime
import Strata
import Testing

/// Tests that drive launchers step by step.
protocol LauncherSuite {}

/// What one operation was given and found.
struct LauncherOperation {
    let isLauncherReused: Bool
    let isCodeReused: Bool
    let output: ExecutionOutput?
}

extension LauncherSuite {
    /// An executor with a root of its own, and what is left there at the end.
    static func withExecutor(
        _ configure: (inout ProcessExecutor.Configuration) -> Void = { _ in },
        logger: Logger = Logger(label: "strata.model-runtime"),
        _ body: @Sendable (ProcessExecutor, _ root: String) async throws -> Void
    ) async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        configure(&configuration)
        let executor = ProcessExecutor(configuration: configuration, logger: logger)
        try await RunGate.shared.pass {
            do {
                try await body(executor, root)
            } catch {
                await executor.close()
                throw error
            }
            await executor.close()
        }
        #expect(Leftovers.processes(below: root).isEmpty)
        #expect(Leftovers.files(below: root).isEmpty)
        #expect(executor.persistentLaunchers.isEmpty)
    }

    static func operate(
        _ executor: ProcessExecutor, _ location: ExecutionLocation, _ code: ModelCode, parameters: [CallParameter] = [],
        otherModels: [MountedModel] = [], receiver: RecordingReceiver = RecordingReceiver(),
        _ whileRunning: () async throws -> Void = {}
    ) async throws -> LauncherOperation {
        let launcher = try await executor.acquireLauncher(at: location)
        do {
            let session = try await launcher.start(code)
            do {
                try await session.createModelState(
                    CreateModelStateCall(parameters: parameters, otherModels: otherModels), receiver: receiver)
                try await whileRunning()
                await session.terminate(reusable: true)
            } catch {
                await session.terminate(reusable: false)
                throw error
            }
            let output = await launcher.release()
            return LauncherOperation(isLauncherReused: launcher.isReused, isCodeReused: session.isReused, output: output)
        } catch {
            await launcher.release()
            throw error
        }
    }

    static func waitUntilActive(_ executor: ProcessExecutor, _ id: LauncherID) async throws {
        while executor.persistentLaunchers.first(where: { $0.id == id })?.state != .active {
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
