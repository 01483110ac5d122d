import DecthingsAPI
import ModelRuntime
import Strata

extension APIService {
    /// The methods of the PersistentLauncher API.
    ///
    /// Launchers are the whole server's: callers that have rights to single models only see none.
    func performLauncher(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .createPersistentLauncher: try await createPersistentLauncher(call, sink)
        case .getPersistentLaunchers: try await getPersistentLaunchers(call, sink)
        case .getLauncherSysinfo: try await getLauncherSysinfo(call, sink)
        case .deletePersistentLauncher: try await deletePersistentLauncher(call, sink)
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }

    private func createPersistentLauncher(_ call: Call, _ sink: any AnswerSink) async throws {
        do throws(APIError) {
            try call.caller.requireRightToCreate()
        } catch {
            // The method has no word for a lack of rights: this caller may have no launchers.
            throw APIError(.quotaExceeded)
        }
        let params = try call.params(as: CreatePersistentLauncherParams.self)
        let spec = Strata.LauncherSpec(params.spec)
        let id = try executor.createPersistentLauncher(name: params.name, spec: spec)
        launcherMemory.begin(id, spec, on: executor)
        try await sink.answer(CreatePersistentLauncherResult(persistentLauncherId: id.rawValue))
    }

    private func getPersistentLaunchers(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ListParams.self)
        let (offset, limit) = try Self.wire { () throws(WireError) in try params.page() }
        let sort = try Self.sort(params.sort)
        let filter = params.filter ?? DecthingsAPI.ListFilter()
        let text = filter.searchName?.lowercased()
        let found = call.caller.right == nil ? [] : executor.persistentLaunchers.filter { launcher in
            (filter.ids?.contains(launcher.id.rawValue) ?? true) && (filter.names?.contains(launcher.name) ?? true)
                && (text.map { $0.isEmpty || launcher.name.lowercased().contains($0) } ?? true)
        }
        let isAscending = params.sortDirection == .ascending
        let sorted = found.sorted { left, right in
            let (first, second) = isAscending ? (left, right) : (right, left)
            return switch sort {
            // Those that are being made are the youngest.
            case .createdAt:
                (first.createdAtMilliseconds ?? .max, first.id.rawValue) < (second.createdAtMilliseconds ?? .max, second.id.rawValue)
            case .name: (first.name, first.id.rawValue) < (second.name, second.id.rawValue)
            }
        }
        try await sink.answer(
            GetPersistentLaunchersResult(
                persistentLaunchers: sorted.dropFirst(offset).prefix(limit).map(DecthingsAPI.PersistentLauncher.init),
                total: sorted.count, offset: offset, limit: limit))
    }

    private func getLauncherSysinfo(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetLauncherSysinfoParams.self)
        let launcher = try launcher(params.persistentLauncherId, for: call.caller)
        let samples = launcherMemory.samples(of: launcher.id, after: params.fromTimestamp ?? -1)
        try await sink.answer(
            SysinfoResult(
                sysinfo: samples.map { sample in
                    SysinfoPoint(
                        timestamp: sample.timestampMilliseconds, cpus: sample.cpus, memory: SysinfoPoint.mebibytes(sample.memoryBytes),
                        disk: sample.diskBytes.map(SysinfoPoint.mebibytes))
                }))
    }

    private func deletePersistentLauncher(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: PersistentLauncherParams.self)
        guard let right = call.caller.right, right >= .readwrite else { throw APIError(.persistentLauncherNotFound) }
        let launcher = try launcher(params.persistentLauncherId, for: call.caller)
        try executor.deletePersistentLauncher(launcher.id)
        usedLaunchers.remove(launcher.id)
        try await sink.answer(EmptyResult())
    }

    /// A persistent launcher that a call names.
    ///
    /// - Throws: `persistent_launcher_not_found`.
    func launcher(_ text: String, for caller: Caller) throws(APIError) -> ModelRuntime.PersistentLauncher {
        guard caller.right != nil, let found = executor.persistentLaunchers.first(where: { $0.id.rawValue == text }) else {
            throw APIError(.persistentLauncherNotFound)
        }
        return found
    }

    /// The spec of a launcher that may be gone.
    func launcherSpec(_ id: LauncherID) -> Strata.LauncherSpec {
        executor.persistentLaunchers.first { $0.id == id }?.spec ?? launcherMemory.spec(of: id) ?? Strata.LauncherSpec()
    }
}

extension DecthingsAPI.PersistentLauncher {
    init(_ launcher: ModelRuntime.PersistentLauncher) {
        let state: PersistentLauncherState =
            switch launcher.state {
            case .creating: .creating
            case .active: .active
            // Its bounds were taken away from outside; nothing exited.
            case .recreating: .recreating(exited: false)
            case .deleting: .deleting
            }
        self.init(
            id: launcher.id.rawValue, name: launcher.name, createdAt: launcher.createdAtMilliseconds,
            spec: DecthingsAPI.LauncherSpec(launcher.spec), state: state,
            running: launcher.uses.map { use in
                Running(id: use.operationID.rawValue, type: Running.Kind(use.kind))
            })
    }
}

extension DecthingsAPI.PersistentLauncher.Running.Kind {
    init(_ kind: OperationKind) {
        self =
            switch kind {
            case .createState: .createModelState
            case .train: .train
            case .evaluate: .evaluate
            }
    }
}
