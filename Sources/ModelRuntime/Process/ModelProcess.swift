import Foundation
import Glibc
import Synchronization

/// A child process that was started in a session of its own.
///
/// It is not reaped when it ends but by `reap()`, so its id, which is also that of its process group, stays taken and
/// signals to the group can reach no stranger.
final class ModelProcess: Sendable {
    let id: pid_t
    /// Set when the process has ended.
    let exit = OneShot<ExitStatus>()
    private let isReaped = Flag()

    /// Watches a child that was just started.
    ///
    /// Costs one thread that sleeps in the kernel until the process ends.
    /// - Parameter whenExited: called on that thread once the process has ended.
    init(id: pid_t, whenExited: @escaping @Sendable () -> Void) {
        self.id = id
        let thread = Thread { [exit, isReaped] in
            let status = Self.waitForEnd(of: id)
            if status == .unknown { isReaped.set() }
            exit.fulfil(.success(status))
            whenExited()
        }
        thread.name = "model-wait"
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// Sends `signal` to the process group, as long as the id is certain to be its own.
    func signalGroup(_ signal: Int32) {
        isReaped.ifNotSet { _ = kill(-id, signal) }
    }

    /// Releases the id of a process that has ended. Call when nothing of its group or session is left.
    func reap() {
        isReaped.set { while waitpid(id, nil, 0) == -1 && errno == EINTR {} }
    }

    private static func waitForEnd(of id: pid_t) -> ExitStatus {
        var info = siginfo_t()
        while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) == -1 {
            if errno != EINTR { return .unknown }
        }
        let status = info._sifields._sigchld.si_status
        return info.si_code == Int32(CLD_EXITED) ? .exited(status) : .signalled(status)
    }
}

/// Something that happens once, and what may only be done before it.
private final class Flag: Sendable {
    private let isSet = Mutex(false)

    func ifNotSet(_ body: () -> Void) {
        isSet.withLock { if !$0 { body() } }
    }

    func set(_ body: () -> Void = {}) {
        isSet.withLock { isSet in
            if !isSet { body() }
            isSet = true
        }
    }
}
