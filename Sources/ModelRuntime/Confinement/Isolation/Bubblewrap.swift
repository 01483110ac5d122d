import Glibc
import Synchronization

/// The command `bwrap` as it is on this machine.
struct Bubblewrap: Sendable {
    static let command = "bwrap"

    let path: String
    /// Whether a filesystem in memory can be given a size.
    let limitsSizes: Bool
    /// Whether isolated code has a user namespace of its own: its root is not the host's, and has no keys of the host's.
    let isolatesUsers: Bool
    /// Whether isolated code can be kept from making namespaces of its own.
    let forbidsNamespaces: Bool
    /// Whether `env` can give a program its signals' defaults back.
    let resetsSignals: Bool

    /// What was found out about one path.
    enum Finding: Sendable {
        case works(Bubblewrap)
        /// A sentence that says why not.
        case fails(String)
    }

    private static let known = Mutex<[String: Finding]>([:])

    /// Looks for the command and tries it, once in the life of this process. Blocks for about 20 ms the first time.
    static func find(searchPath: String) -> Finding {
        guard let path = Executables.find(command, in: searchPath + ":/usr/bin:/bin") else {
            return .fails("the command bwrap is not installed (package bubblewrap)")
        }
        return known.withLock { known in
            if let finding = known[path] { return finding }
            let finding = examine(path)
            known[path] = finding
            return finding
        }
    }

    /// Tries the strongest way first. Root can do without user namespaces, and old programs do not know every option.
    private static func examine(_ path: String) -> Finding {
        let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        do {
            let help = try ShortCommand.run(path, ["--help"], environment: environment)
            let words = Set((help.output + help.problem).split(whereSeparator: \.isWhitespace))
            var problem = "it said nothing"
            for resetsSignals in [true, false] {
                for (isolatesUsers, forbidsNamespaces) in [(true, true), (true, false), (false, false)] {
                    if forbidsNamespaces && !words.contains("--disable-userns") || !isolatesUsers && geteuid() != 0 { continue }
                    let bubblewrap = Bubblewrap(
                        path: path, limitsSizes: words.contains("--size"), isolatesUsers: isolatesUsers,
                        forbidsNamespaces: forbidsNamespaces, resetsSignals: resetsSignals)
                    let reset = resetsSignals ? [signalReset, signalResetFlag] : []
                    let outcome = try ShortCommand.run(
                        path, IsolationPlan.trial(bubblewrap) + reset + ["true"], environment: environment)
                    if outcome.status == .exited(0) { return .works(bubblewrap) }
                    problem = outcome.problem.split(separator: "\n").first.map(String.init) ?? problem
                }
            }
            return .fails("\(path) cannot make namespaces here: \(problem)")
        } catch {
            return .fails("\(path) cannot be run: \(error)")
        }
    }

    /// Becomes a program after giving a signal its default back.
    static let signalReset = "/usr/bin/env"
    static let signalResetFlag = "--default-signal=TERM"
}
