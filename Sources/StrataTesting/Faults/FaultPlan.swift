import ContentStore
import Glibc
import Synchronization

/// What a fault disk counts, logs and decides, for files and for SQLite alike.
final class FaultPlan: Sendable {
    enum Verdict {
        case goOn
        case fail(errno: Int32)
        case shorten
    }

    private struct State {
        var fault: Fault?
        var bytesLeft: Int64?
        var isDead = false
        var count = 0
        var hasFired = false
        var isRecording = false
        var log: [DiskOperation] = []
    }

    private let state = Mutex(State())

    /// Asked before each operation; counts and logs it.
    func judge(_ path: String, _ action: DiskOperation.Action, isDatabase: Bool) -> Verdict {
        state.withLock { state in
            // What a dead process would have done is nobody's business.
            if state.isDead { return .fail(errno: EIO) }
            state.count += 1
            let verdict = Self.verdict(&state, action)
            var hasFailed = false
            if case .fail = verdict { hasFailed = true }
            if state.isRecording {
                let kept = hasFailed ? action.halved : action
                state.log.append(DiskOperation(path: path, action: kept, isDatabase: isDatabase, hasFailed: hasFailed))
            }
            return verdict
        }
    }

    private static func verdict(_ state: inout State, _ action: DiskOperation.Action) -> Verdict {
        if let fault = state.fault, state.count == fault.operation || (fault.duration == .lasting && state.count > fault.operation) {
            switch fault.effect {
            case .error(let number):
                state.hasFired = true
                return .fail(errno: number)
            case .shortRead:
                if case .read = action {
                    state.hasFired = true
                    return .shorten
                }
            }
        }
        if case .write(_, let bytes) = action, let left = state.bytesLeft {
            guard left >= bytes.count else {
                state.hasFired = true
                return .fail(errno: ENOSPC)
            }
            state.bytesLeft = left - Int64(bytes.count)
        }
        return .goOn
    }

    func arm(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            (state.count, state.hasFired) = (0, false)
        }
    }

    func limitSpace(bytes: Int64) {
        state.withLock { state in
            state.bytesLeft = bytes
            (state.count, state.hasFired) = (0, false)
        }
    }

    func heal() { state.withLock { ($0.fault, $0.bytesLeft) = (nil, nil) } }
    func die() { state.withLock { $0.isDead = true } }
    func record() { state.withLock { ($0.log, $0.isRecording) = ([], true) } }
    func forget() { state.withLock { ($0.log, $0.isRecording) = ([], false) } }
    var count: Int { state.withLock { $0.count } }
    var hasFired: Bool { state.withLock { $0.hasFired } }
    var isDead: Bool { state.withLock { $0.isDead } }
    var log: [DiskOperation] { state.withLock { $0.log } }
    var logCount: Int { state.withLock { $0.log.count } }
}

extension DiskOperation.Action {
    /// What a write that failed has left.
    fileprivate var halved: Self {
        guard case .write(let offset, let bytes) = self else { return self }
        return .write(offset: offset, bytes: Array(bytes.prefix(bytes.count / 2)))
    }
}
