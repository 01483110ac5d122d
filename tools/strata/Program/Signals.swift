import Foundation
import Glibc
import Synchronization

/// Turns the signals that ask a program to end into a cancellation. A second one ends it at once.
final class Signals: Sendable {
    private struct State {
        var received: Int32?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The first signal that came.
    var received: Int32? { state.withLock { $0.received } }

    /// Takes the signals over for the whole process. Make one only.
    init() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = signalPipe
        // Shells start background jobs with SIGINT ignored; whoever sends one all the same means it.
        for number in [SIGINT, SIGTERM] { Self.handle(number) }
        // `nohup` ignores SIGHUP on purpose.
        if !Self.isIgnored(SIGHUP) { Self.handle(SIGHUP) }
        Thread.detachNewThread { [self] in
            var number: UInt8 = 0
            while true {
                if read(pipe.reading, &number, 1) == 1 { arrived(Int32(number)) }
            }
        }
    }

    /// Calls `action` when the first signal comes, at once if it has come.
    func onFirst(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.received != nil
        }
        if isLate { action() }
    }

    private func arrived(_ number: Int32) {
        let (isFirst, action) = state.withLock { state in
            defer { state.received = state.received ?? number }
            return (state.received == nil, state.action)
        }
        guard isFirst else { _exit(128 + number) }
        action?()
    }

    /// The handler may run on any thread and in the middle of anything: it only writes a byte to the pipe.
    private static func handle(_ number: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let before = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(signalPipe.writing, &byte, 1)
            errno = before
        }
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else { return false }
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// From the handler to the thread that waits; made before the first handler is set.
private let signalPipe: (reading: Int32, writing: Int32) = {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { preconditionFailure("cannot make a pipe: \(String(cString: strerror(errno)))") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}()
