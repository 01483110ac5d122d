import Glibc
import Strata

/// How a process has ended.
enum ExitStatus: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    /// The kernel kept no status: this process ignores SIGCHLD, or another part of it waited for the child.
    case unknown

    /// The failure that an operation reports when its process ended before it answered.
    var failure: ExecutionFailure {
        switch self {
        case .exited(let code): .codeTerminated(exitCode: code, signal: nil, outOfMemory: false)
        case .signalled(let number):
            .codeTerminated(exitCode: nil, signal: Self.name(ofSignal: number), outOfMemory: false)
        case .unknown:
            .unknown(reason: "the model process ended and its status was lost; do not ignore SIGCHLD in the host")
        }
    }

    /// Such as `SIGKILL`.
    static func name(ofSignal number: Int32) -> String { names[number] ?? "SIG\(number)" }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGVTALRM: "SIGVTALRM", SIGPROF: "SIGPROF", SIGIO: "SIGIO",
        SIGSYS: "SIGSYS",
    ]
}
