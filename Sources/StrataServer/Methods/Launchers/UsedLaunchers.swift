import DecthingsAPI
import Strata
import Synchronization

/// Which persistent launchers the evaluations of a model use.
///
/// In memory: a persistent launcher lives as long as the process, and a list that outlived it would name nothing.
final class UsedLaunchers: Sendable {
    struct Use: Hashable, Sendable {
        let id: LauncherID
        let level: LauncherLevel
    }

    private let uses = Mutex<[ModelID: [Use]]>([:])

    func set(_ list: [Use], for model: ModelID) { uses.withLock { $0[model] = list.isEmpty ? nil : list } }

    func of(_ model: ModelID) -> [Use] { uses.withLock { $0[model] ?? [] } }

    func remove(_ model: ModelID) { set([], for: model) }

    /// A launcher that is gone is used no more.
    func remove(_ launcher: LauncherID) {
        uses.withLock { uses in uses = uses.mapValues { list in list.filter { $0.id != launcher } }.filter { !$0.value.isEmpty } }
    }
}
