import Strata
import Synchronization

/// Hands out the machine's processors, its memory and places for operations, first come first served.
///
/// Nobody overtakes: a small demand behind a large one waits for it, so that the large one gets its turn.
final class Admission: Sendable {
    /// What one launcher takes; more than the machine has counts as all of it.
    struct Demand: Hashable, Sendable {
        var cpus = 0.0
        var memoryMebibytes = 0
        var operations = 0
    }

    private struct Waiter {
        let demand: Demand
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Demand
        /// Memory that goes back only when somebody deletes a persistent launcher.
        var standingMemoryMebibytes = 0
        /// In order of arrival.
        var waiters: [(id: Int, waiter: Waiter)] = []
        var idCount = 0
    }

    private let whole: Demand
    private let waitingMax: Int
    private let state: Mutex<State>

    init(capacity: MachineCapacity, operationsMax: Int, waitingMax: Int) {
        whole = Demand(cpus: capacity.cpus, memoryMebibytes: capacity.memoryMebibytes, operations: operationsMax)
        self.waitingMax = waitingMax
        state = Mutex(State(free: whole))
    }

    /// The demand as it is counted.
    func clamped(_ demand: Demand) -> Demand {
        Demand(
            cpus: min(demand.cpus, whole.cpus), memoryMebibytes: min(demand.memoryMebibytes, whole.memoryMebibytes),
            operations: min(demand.operations, whole.operations))
    }

    /// Waits for its turn and takes the demand, which must be clamped. Give it back with `leave`.
    ///
    /// - Throws: `ExecutionFailure.serverOverloaded` when too many wait, or when what persistent launchers hold leaves too
    ///   little; `CancellationError`.
    func enter(_ demand: Demand) async throws {
        let id = state.withLock { state in
            state.idCount += 1
            return state.idCount
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.waiters.isEmpty, state.free.covers(demand) {
                        state.free.subtract(demand)
                        return .success(())
                    }
                    let isHopeless = demand.memoryMebibytes > whole.memoryMebibytes - state.standingMemoryMebibytes
                    if demand.operations > 0, isHopeless || state.waiters.count >= waitingMax {
                        return .failure(ExecutionFailure.serverOverloaded)
                    }
                    state.waiters.append((id, Waiter(demand: demand, continuation: continuation)))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let cancelled = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index).waiter
            }
            cancelled?.continuation.resume(throwing: CancellationError())
            // It may have stood before others that fit.
            admitWaiting()
        }
    }

    func leave(_ demand: Demand) {
        state.withLock { $0.free.add(demand) }
        admitWaiting()
    }

    /// Takes without waiting, and more than there is if need be: what runs on a persistent launcher has its place already.
    func occupy(_ demand: Demand) { state.withLock { $0.free.subtract(demand) } }

    /// Says how much of what was taken stays taken for as long as a persistent launcher exists.
    func standing(memoryMebibytes: Int) { state.withLock { $0.standingMemoryMebibytes += memoryMebibytes } }

    private func admitWaiting() {
        let admitted = state.withLock { state in
            var admitted: [Waiter] = []
            while let first = state.waiters.first?.waiter, state.free.covers(first.demand) {
                state.free.subtract(first.demand)
                admitted.append(first)
                state.waiters.removeFirst()
            }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume() }
    }
}

extension Admission.Demand {
    fileprivate func covers(_ other: Self) -> Bool {
        // Sums of fractions of cores are not exact.
        cpus + 1e-6 >= other.cpus && memoryMebibytes >= other.memoryMebibytes && operations >= other.operations
    }

    fileprivate mutating func subtract(_ other: Self) {
        cpus -= other.cpus
        memoryMebibytes -= other.memoryMebibytes
        operations -= other.operations
    }

    fileprivate mutating func add(_ other: Self) {
        cpus += other.cpus
        memoryMebibytes += other.memoryMebibytes
        operations += other.operations
    }
}
