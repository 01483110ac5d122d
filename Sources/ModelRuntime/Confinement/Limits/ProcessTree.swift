import Glibc
import Synchronization

/// The processes of a session where no control group holds them together, and what they use.
///
/// Those of `SessionProcesses`, and whatever was ever seen to be started by one of them. What leaves the session, changes
/// its environment and loses its parent between two looks is not found.
final class ProcessTree: Sendable {
    private struct Key: Hashable {
        let id: pid_t
        let startTicks: UInt64
    }

    private struct State {
        var members: Set<Key> = []
        var strangers: Set<Key> = []
        var cpuSeconds = 0.0
    }

    private let socketPath: String
    private let leader: pid_t
    private let state = Mutex(State())

    init(socketPath: String, leader: pid_t) {
        self.socketPath = socketPath
        self.leader = leader
    }

    /// Those that run now. Blocks.
    func members() -> [ProcessStatus] {
        let all = ProcessStatus.all().filter { $0.id != getpid() && $0.isAlive }
        return state.withLock { state in
            var found: [pid_t: ProcessStatus] = [:]
            // Ids are used again: what was known of a process that is gone must not be said of another.
            let present = Set(all.map { Key(id: $0.id, startTicks: $0.startTicks) })
            state.members.formIntersection(present)
            state.strangers.formIntersection(present)
            var isComplete = false
            while !isComplete {
                isComplete = true
                for process in all where found[process.id] == nil {
                    guard found[process.parent] != nil || belongs(process, &state) else { continue }
                    found[process.id] = process
                    state.members.insert(Key(id: process.id, startTicks: process.startTicks))
                    isComplete = false
                }
            }
            return Array(found.values)
        }
    }

    private func belongs(_ process: ProcessStatus, _ state: inout State) -> Bool {
        let key = Key(id: process.id, startTicks: process.startTicks)
        if process.session == leader || process.id == leader || state.members.contains(key) { return true }
        if state.strangers.contains(key) { return false }
        if SessionProcesses.names(socketPath, process.id) { return true }
        state.strangers.insert(key)
        return false
    }

    /// Processor time that is known of, never less than it was before. Blocks.
    func cpuSeconds() -> Double {
        let ticks = members().reduce(UInt64(0)) { $0 &+ $1.cpuTicks }
        let seconds = Double(ticks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return state.withLock { state in
            state.cpuSeconds = max(state.cpuSeconds, seconds)
            return state.cpuSeconds
        }
    }

    /// Resident bytes of `processes`, pages that they share counted for each. Costs nothing.
    static func residentBytes(_ processes: [ProcessStatus]) -> Int64 {
        processes.reduce(0) { $0 + $1.residentPages } * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Bytes of `processes` that the kernel cannot drop, shared ones counted once. Blocks; reads their page tables.
    ///
    /// - Parameter withShared: false where memory shared through files in memory is counted by itself.
    static func unreclaimableBytes(_ processes: [ProcessStatus], withShared: Bool) -> Int64 {
        let names = withShared ? ["Pss_Anon:", "Pss_Shmem:", "SwapPss:"] : ["Pss_Anon:", "SwapPss:"]
        return processes.reduce(0) { sum, process in
            let path = "/proc/\(process.id)/smaps_rollup"
            return sum + names.reduce(0) { $0 + (SmallFile.number(path, after: $1) ?? 0) << 10 }
        }
    }
}
