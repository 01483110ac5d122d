import Logging
import Strata
import Synchronization

/// Where a launcher's code runs: its bounds, and the sessions that wait in it for their next operation.
final class LauncherRoom: Sendable {
    private struct State {
        /// Longest unused first.
        var idle: [(code: CodeIdentity, session: ProcessSession)] = []
        var isClosed = false
    }

    private struct CodeIdentity: Hashable {
        let model: ModelID
        let language: ModelLanguage
        let files: String

        init(_ code: ModelCode) {
            model = code.modelID
            language = code.language
            files = code.filesIdentity
        }
    }

    let configuration: ProcessExecutor.Configuration
    private let confinement: LauncherConfinement
    private let logger: Logger
    private let idleSessionsMax: Int
    private let state = Mutex(State())

    /// - Parameter idleSessionsMax: how many sessions may wait; none in a temporary launcher.
    static func make(
        spec: LauncherSpec, idleSessionsMax: Int, configuration: ProcessExecutor.Configuration, logger: Logger
    ) async throws -> LauncherRoom {
        let confinement = try await blocking { try LauncherConfinement(spec: spec, configuration: configuration, logger: logger) }
        return LauncherRoom(confinement, idleSessionsMax: idleSessionsMax, configuration: configuration, logger: logger)
    }

    private init(
        _ confinement: LauncherConfinement, idleSessionsMax: Int, configuration: ProcessExecutor.Configuration, logger: Logger
    ) {
        self.confinement = confinement
        self.idleSessionsMax = idleSessionsMax
        self.configuration = configuration
        self.logger = logger
    }

    /// A session that has this very code loaded and still runs. Sessions of the same model's older files go.
    func takeIdle(_ code: ModelCode) async -> ProcessSession? {
        let identity = CodeIdentity(code)
        let (found, outdated) = state.withLock { state -> (ProcessSession?, [ProcessSession]) in
            let outdated = state.idle.filter {
                !$0.session.canServe || $0.code.model == identity.model && $0.code != identity
            }
            state.idle.removeAll { entry in outdated.contains { $0.session === entry.session } }
            // The one used last: what it needs is most likely still in memory.
            guard let index = state.idle.lastIndex(where: { $0.code == identity }) else { return (nil, outdated.map(\.session)) }
            return (state.idle.remove(at: index).session, outdated.map(\.session))
        }
        for session in outdated { await session.resources.dismantle() }
        return found
    }

    /// Prepares a session; nothing runs yet.
    func makeResources(for code: ModelCode) async throws -> SessionResources {
        var logger = logger
        logger[metadataKey: "model.id"] = "\(code.modelID)"
        let folder = try await blocking { [configuration] in try WorkingFolder.make(below: configuration.temporaryRoot) }
        let resources = SessionResources(folder: folder, configuration: configuration, logger: logger)
        do {
            resources.add(try await blocking { [confinement] in try confinement.session(in: folder) })
            return resources
        } catch {
            await resources.dismantle()
            throw error
        }
    }

    /// Takes a session back for the next operation on the same code, or ends it when there is no room.
    func putBack(_ session: ProcessSession, code: ModelCode) async {
        await session.resources.tidy()
        let surplus = state.withLock { state -> ProcessSession? in
            if state.isClosed || idleSessionsMax == 0 || !session.canServe { return session }
            state.idle.append((CodeIdentity(code), session))
            return state.idle.count > idleSessionsMax ? state.idle.removeFirst().session : nil
        }
        await surplus?.resources.dismantle()
    }

    /// False when the bounds were taken away from outside.
    func isIntact() async -> Bool { (try? await blocking { [confinement] in confinement.isIntact() }) ?? true }

    /// What all sessions use together.
    func usage() async -> ResourceUsage? { try? await blocking { [confinement] in confinement.usage() } }

    /// Ends the sessions that wait, and refuses to keep more. Call when no operation is left.
    func close() async {
        await uncancelled { [self] in
            let idle = state.withLock { state in
                state.isClosed = true
                defer { state.idle = [] }
                return state.idle
            }
            for (_, session) in idle { await session.resources.dismantle() }
            try? await blocking { [confinement] in confinement.close() }
        }
    }
}
