public import Logging
public import Strata

/// Runs real Decthings models, each operation in a process of its own that is gone afterwards.
///
/// Python models run in an interpreter with the package `decthings-model`; models in Rust and Go are executables that
/// speak the runtime protocol. A process gets a private folder with the code's files as its working directory, an
/// environment that holds nothing of the host's but `PATH`, no input, and one socket to the host. The launcher's spec is
/// enforced by control groups, elsewhere by a watchdog, and the process is isolated in namespaces of its own where the
/// machine allows it; `Configuration.confinement` says how, and `Configuration.examineMachine()` what this machine can do.
///
/// A running session costs five descriptors, two sleeping threads and a copy of the code's files; its launcher one more
/// descriptor for each hierarchy of control groups. Starting one takes some 30 ms beside what the program itself needs,
/// which for Python is the loading of its packages. Values and items are streamed: a session keeps about 2 MiB of them at
/// a time, whatever their size.
public struct ProcessExecutor: ModelExecutor {
    private let host: LauncherHost

    /// Returns at once; clears away beside it what hosts that were killed have left below the same temporary root.
    /// - Parameters:
    ///   - configuration: where and how processes run.
    ///   - logger: told of starts and ends at debug, of processes that failed or had to be killed at info and above.
    public init(
        configuration: Configuration = Configuration(), logger: Logger = Logger(label: "strata.model-runtime")
    ) {
        host = LauncherHost(configuration: configuration, logger: logger)
    }

    /// Gives a temporary launcher as soon as there is room for it, or a place on a persistent one.
    ///
    /// Operations get their turn in the order in which they came.
    /// - Throws: `StrataError` with code `persistent_launcher_not_found`; `ExecutionFailure.serverOverloaded` when more than
    ///   `waitingOperationsMax` wait, when persistent launchers leave too little memory for this one ever to run, or when
    ///   `operationsPerLauncherMax` run on the persistent launcher.
    public func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        try await acquireLauncher(at: location, for: nil)
    }

    /// The same; a persistent launcher tells what it was acquired for.
    public func acquireLauncher(at location: ExecutionLocation, for use: LauncherUse?) async throws -> any ModelLauncher {
        switch location {
        case .temporaryLauncher(let spec): try await host.acquireTemporary(spec)
        case .persistentLauncher(let id): try await host.acquirePersistent(id, for: use)
        }
    }

    /// Ends all that runs, as `launcher_terminated`, and deletes the persistent launchers. Operations that come later are
    /// refused as such.
    public func close() async { await host.close() }
}

extension ProcessExecutor {
    /// Makes a launcher that stays: operations on it find code loaded that ran on it before and did not change since.
    ///
    /// Returns at once; the launcher is `creating` until there is memory for it. It lives as long as this executor. One
    /// that cannot be made is gone again, with the reason in the log; what waits for it fails with `launcher_terminated`.
    /// - Parameters:
    ///   - name: for people; need not be unique. 1 to 255 bytes.
    ///   - spec: what all operations on it share.
    /// - Throws: `invalid_parameter`; `quota_exceeded` when there are `persistentLaunchersMax` already.
    public func createPersistentLauncher(name: String, spec: LauncherSpec) throws(StrataError) -> LauncherID {
        guard (1...255).contains(name.utf8.count) else {
            throw StrataError(
                .invalidParameter, "a launcher's name has 1 to 255 bytes, this one \(name.utf8.count)", parameterName: "name")
        }
        guard spec.cpus > 0, spec.cpus.isFinite, spec.memoryMebibytes > 0 else {
            throw StrataError(
                .invalidParameter, "a launcher needs more than 0 cpus and more than 0 MiB of memory", parameterName: "spec")
        }
        return try host.create(name: name, spec: spec)
    }

    /// The persistent launchers, in no order.
    public var persistentLaunchers: [PersistentLauncher] { host.all.map(\.description) }

    /// What the operations on a persistent launcher, and the code that waits on it, use now; nil where that is not measured.
    /// - Throws: `persistent_launcher_not_found`.
    public func usage(ofPersistentLauncher id: LauncherID) async throws(StrataError) -> ResourceUsage? {
        try await host.launcher(id).usage()
    }

    /// Deletes a persistent launcher: it takes no more operations, and goes when the last one has ended.
    ///
    /// - Parameter terminating: end those that run, which fail with `launcher_terminated`.
    /// - Throws: `persistent_launcher_not_found`; `persistent_launcher_being_deleted` the second time, unless terminating.
    public func deletePersistentLauncher(_ id: LauncherID, terminating: Bool = false) throws(StrataError) {
        _ = try host.delete(id, terminating: terminating)
    }

    /// Deletes a persistent launcher and returns when it is gone.
    public func deletePersistentLauncherAndWait(_ id: LauncherID, terminating: Bool = false) async throws(StrataError) {
        await (try host.delete(id, terminating: terminating)).value
    }
}
