import Strata
import Synchronization

/// Hands out the machine's processors, its memory and places for operations, first come first served.
///
/// Operations do not overtake each other: a small demand behind a large one waits for it, so that the large one gets its
/// turn. Standing demands, those of persistent launchers, wait beside that line, since what they wait for may come only
/// when somebody deletes a launcher: they hold nobody up, are looked at first whenever something becomes free, and a
/// small one may go before a large one. Under an unbroken stream of operations a large one may wait long.
final class Admission: Sendable {
    /// What one launcher takes; more than the machine has counts as all of it.
    struct Demand: Hashable, Sendable {
        var cpus = 0.0
        var memoryMebibytes = 0
        var operations = 0
    }

    private struct Waiter {
        let id: Int
        let demand: Demand
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Demand
        /// Memory that goes back only when somebody deletes a persistent launcher.
        var standingMemoryMebibytes = 0
        /// Operations, in order of arrival.
        var waiters: [Waiter] = []
        /// Standing demands, in order of arrival.
        var standing: [Waiter] = []
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

    /// Waits for its turn and takes the demand of an operation, which must be clamped. Give it back with `leave`.
    ///
    /// - Throws: `ExecutionFailure.serverOverloaded` when too many wait, or when what persistent launchers hold leaves too
    ///   little, now or because of one that was made while this one waited; `CancellationError`.
    func enter(_ demand: Demand) async throws {
        try await wait(demand) { [self] state, waiter in
            if state.waiters.isEmpty, state.free.covers(demand) {
                state.free.subtract(demand)
                return .success(())
            }
            guard !isHopeless(demand, state), state.waiters.count < waitingMax else { return .failure(ExecutionFailure.serverOverloaded) }
            state.waiters.append(waiter)
            return nil
        }
    }

    func leave(_ demand: Demand) {
        state.withLock { $0.free.add(demand) }
        admitWaiting()
    }

    /// Takes what a persistent launcher keeps for as long as it exists, as soon as there is enough. Give it back with
    /// `leaveStanding`.
    ///
    /// - Throws: `CancellationError`.
    func enterStanding(_ demand: Demand) async throws {
        try await wait(demand) { state, waiter in
            state.standing.append(waiter)
            return nil
        }
    }

    func leaveStanding(_ demand: Demand) {
        state.withLock { state in
            state.free.add(demand)
            state.standingMemoryMebibytes -= demand.memoryMebibytes
        }
        admitWaiting()
    }

    /// Takes without waiting, and more than there is if need be: what runs on a persistent launcher has its place already.
    func occupy(_ demand: Demand) { state.withLock { $0.free.subtract(demand) } }

    /// Suspends until `begin` answers, or until the waiter that it has put into a line is resumed.
    private func wait(
        _ demand: Demand, _ begin: @Sendable (inout State, Waiter) -> Result<Void, any Error>?
    ) async throws {
        let id = state.withLock { state in
            state.idCount += 1
            return state.idCount
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    return begin(&state, Waiter(id: id, demand: demand, continuation: continuation))
                }
                if let result { continuation.resume(with: result) } else { admitWaiting() }
            }
        } onCancel: {
            let cancelled = state.withLock { state -> Waiter? in
                if let index = state.waiters.firstIndex(where: { $0.id == id }) { return state.waiters.remove(at: index) }
                return state.standing.firstIndex { $0.id == id }.map { state.standing.remove(at: $0) }
            }
            cancelled?.continuation.resume(throwing: CancellationError())
            // It may have stood before others that fit.
            admitWaiting()
        }
    }

    private func isHopeless(_ demand: Demand, _ state: State) -> Bool {
        demand.memoryMebibytes > whole.memoryMebibytes - state.standingMemoryMebibytes
    }

    private func admitWaiting() {
        let (admitted, refused) = state.withLock { state -> ([Waiter], [Waiter]) in
            var admitted: [Waiter] = []
            for waiter in state.standing where state.free.covers(waiter.demand) {
                state.free.subtract(waiter.demand)
                state.standingMemoryMebibytes += waiter.demand.memoryMebibytes
                admitted.append(waiter)
            }
            state.standing.removeAll { waiter in admitted.contains { $0.id == waiter.id } }
            // What stands now may leave too little, ever, for some that have waited.
            let refused = admitted.isEmpty ? [] : state.waiters.filter { isHopeless($0.demand, state) }
            state.waiters.removeAll { waiter in refused.contains { $0.id == waiter.id } }
            while let first = state.waiters.first, state.free.covers(first.demand) {
                state.free.subtract(first.demand)
                admitted.append(first)
                state.waiters.removeFirst()
            }
            return (admitted, refused)
        }
        for waiter in refused { waiter.continuation.resume(throwing: ExecutionFailure.serverOverloaded) }
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
