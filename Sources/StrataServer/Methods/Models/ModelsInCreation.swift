import DecthingsAPI
import Strata
import Synchronization

/// The models of this process whose first state is being made: until then they are shown as being created, and can be waited for.
///
/// A process that dies meanwhile leaves such a model with the state of the snapshot that it is based on.
final class ModelsInCreation: Sendable {
    typealias Creation = Task<CreateModelOutcome, Never>

    private struct Entry {
        /// Nil while the caller of `createModel` still waits for the model.
        var creation: Creation?
    }

    private struct State {
        var entries: [ModelID: Entry] = [:]
        var changeCount = 0
    }

    private let state = Mutex(State())

    /// Grows with each change of the list.
    var changeCount: Int { state.withLock { $0.changeCount } }

    func contains(_ id: ModelID) -> Bool { state.withLock { $0.entries[id] != nil } }

    /// What to wait for; nil when the model is not being created, or nobody but its maker could know of it.
    func creation(of id: ModelID) -> Creation? { state.withLock { $0.entries[id]?.creation } }

    func begin(_ id: ModelID) {
        state.withLock { state in
            state.entries[id] = Entry()
            state.changeCount += 1
        }
    }

    /// Goes on with a model that has begun in a task of its own, which ends by calling `end`.
    func run(_ id: ModelID, _ body: @escaping @Sendable () async -> CreateModelOutcome) {
        state.withLock { state in state.entries[id] = Entry(creation: Task { await body() }) }
    }

    func end(_ id: ModelID) {
        state.withLock { state in
            state.entries[id] = nil
            state.changeCount += 1
        }
    }
}
