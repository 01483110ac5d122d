import Glibc
import Synchronization

/// The command `bwrap` as it is on this machine.
struct Bubblewrap: Sendable {
    static let command = "bwrap"

    let path: String
    /// Whether a filesystem in memory can be given a size.
    let limitsSizes: Bool
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

    private static func examine(_ path: String) -> Finding {
        let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        do {
            let help = try ShortCommand.run(path, ["--help"], environment: environment)
            let words = (help.output + help.problem).split(whereSeparator: \.isWhitespace)
            var bubblewrap = Bubblewrap(
                path: path, limitsSizes: words.contains("--size"),
                forbidsNamespaces: words.contains("--disable-userns") && geteuid() != 0, resetsSignals: true)
            let trial = IsolationPlan.trial(bubblewrap)
            var outcome = try ShortCommand.run(path, trial + [signalReset, signalResetFlag, "true"], environment: environment)
            if outcome.status == .exited(0) { return .works(bubblewrap) }
            bubblewrap = Bubblewrap(
                path: path, limitsSizes: bubblewrap.limitsSizes, forbidsNamespaces: bubblewrap.forbidsNamespaces,
                resetsSignals: false)
            outcome = try ShortCommand.run(path, IsolationPlan.trial(bubblewrap) + ["true"], environment: environment)
            if outcome.status == .exited(0) { return .works(bubblewrap) }
            let said = outcome.problem.split(separator: "\n").first.map(String.init) ?? "it said nothing, status \(outcome.status)"
            return .fails("\(path) cannot make namespaces here: \(said)")
        } catch {
            return .fails("\(path) cannot be run: \(error)")
        }
    }

    /// Becomes a program after giving a signal its default back.
    static let signalReset = "/usr/bin/env"
    static let signalResetFlag = "--default-signal=TERM"
}
