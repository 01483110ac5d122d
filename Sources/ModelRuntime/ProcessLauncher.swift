import Logging
import Strata

/// A place for one operation's process. There is nothing to prepare before the code is known.
struct ProcessLauncher: ModelLauncher {
    let configuration: ProcessExecutor.Configuration
    let logger: Logger
    let confinement: LauncherConfinement
    let slots: LauncherSlots

    var isReused: Bool { false }

    func start(_ code: ModelCode) async throws -> any ModelSession {
        var logger = logger
        logger[metadataKey: "model.id"] = "\(code.modelID)"
        let configuration = configuration
        let program = try await blocking { try RuntimeProgram(for: code.language, configuration) }
        let folder = try await blocking { try WorkingFolder.make(below: configuration.temporaryRoot) }
        let resources = SessionResources(folder: folder, configuration: configuration, logger: logger)
        do {
            let confinement = try await blocking { [confinement] in try confinement.session(in: folder) }
            resources.add(confinement)
            let start = SessionStart(
                program: program, resources: resources, confinement: confinement, configuration: configuration, logger: logger)
            return try await start.run(code)
        } catch {
            await resources.dismantle()
            throw error
        }
    }

    func release() async -> ExecutionOutput? {
        await uncancelled { [confinement] in try? await blocking { confinement.close() } }
        slots.giveBack()
        return nil
    }
}
