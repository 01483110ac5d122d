public import Strata

/// An executor that does as it is told: provides keys, fails, throws or hangs at a chosen moment, and keeps what it was given.
///
/// ```swift
/// let executor = ScriptedExecutor(keys: [("weights", bytes)])
/// let hanging = ScriptedExecutor(.hang, at: .codeStartup)
/// async let result = store.createState(request, on: hanging)
/// await hanging.reached(.codeStartup)
/// ```
/// One executor may run many operations, also at once. `leftovers` is empty when every launcher was released and every
/// session terminated, each exactly once and in the right order.
public final class ScriptedExecutor: ModelExecutor {
    public let script: Script
    let record = ExecutionRecord()

    public init(_ script: Script = Script()) { self.script = script }

    /// Provides these keys, in their order.
    public convenience init(keys: [(String, [UInt8])]) {
        self.init(Script(steps: keys.map { .provide($0.0, $0.1) }))
    }

    /// Does one thing at a moment; what comes after it, where anything does, provides one key of `byteCount` bytes.
    public convenience init(_ event: Event, at moment: Moment, byteCount: Int = 1 << 16) {
        var script = Script()
        let bytes = SeededBytes.random(byteCount, seed: 1)
        script.steps = [.begin("key", sizeBytes: Int64(byteCount)), .bytes(Array(bytes.prefix(byteCount / 2)))]
        if moment == .midKey { script.steps.append(.event(event)) } else { script.events[moment] = event }
        script.steps += [.bytes(Array(bytes.dropFirst(byteCount / 2))), .end]
        self.init(script)
    }

    public func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        record.acquired(location)
        do {
            try await perform(script.events[.acquireLauncher], at: .acquireLauncher)
        } catch {
            record.notAcquired()
            throw error
        }
        return ScriptedLauncher(executor: self)
    }

    /// Tells that a moment has come, and does what the script has for it.
    func perform(_ event: Event?, at moment: Moment) async throws {
        record.reach(moment)
        switch event {
        case nil: return
        case .fail(let failure): throw failure
        case .throwing(let error): throw error
        case .hang: try await Self.untilCancelled()
        case .failWhenCancelled(let failure):
            try? await Self.untilCancelled()
            await Self.moment()
            throw failure
        case .goOnWhenCancelled:
            try? await Self.untilCancelled()
            await Self.moment()
        case .run(let body): try await body()
        }
    }

    /// The while that real code takes to notice: long enough for whoever waits for it to have given up, if it can.
    private static func moment() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
    }

    private static func untilCancelled() async throws {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

extension ScriptedExecutor {
    /// When something can happen.
    public enum Moment: String, Hashable, Sendable, CaseIterable {
        case acquireLauncher, codeStartup, createState, instantiateModel, train, evaluate, getState, midKey

        /// Those that an operation of a kind comes to, in order; `midKey` where the script's steps have it.
        public static func all(of kind: OperationKind) -> [Moment] {
            switch kind {
            case .createState: [.acquireLauncher, .codeStartup, .createState, .midKey]
            case .train: [.acquireLauncher, .codeStartup, .instantiateModel, .train, .getState, .midKey]
            case .evaluate: [.acquireLauncher, .codeStartup, .instantiateModel, .evaluate]
            }
        }
    }

    /// What happens then.
    public enum Event: Sendable {
        case fail(ExecutionFailure)
        case throwing(any Error)
        /// Waits until it is cancelled, and throws `CancellationError`.
        case hang
        /// Waits until it is cancelled, and reports a failure of its own: a process that was killed.
        case failWhenCancelled(ExecutionFailure)
        /// Waits until it is cancelled, and goes on as if nothing had been: success at the last moment.
        case goOnWhenCancelled
        case run(@Sendable () async throws -> Void)
    }

    /// What the code provides, piece by piece.
    public enum Step: Sendable {
        /// A whole key, announced with its size.
        case provide(String, [UInt8])
        case begin(String, sizeBytes: Int64?)
        case bytes([UInt8])
        case end
        /// Counts as `.midKey`.
        case event(Event)
    }

    /// Something that training code reports.
    public enum Report: Sendable {
        case progress(Double)
        case metric(String, Item)
    }

    public struct Script: Sendable {
        public var events: [Moment: Event]
        public var steps: [Step]
        /// The launcher stood warm.
        public var reusesLauncher: Bool
        /// The code ran before.
        public var reusesCode: Bool
        /// Reads parameters, mounted states and all files, and keeps them for `calls`.
        public var readsEverything: Bool
        /// What training reports, in order, before it ends.
        public var reports: [Report] = []
        /// What evaluation answers.
        public var outputs: [EvaluationOutput] = []
        /// What each session says it uses.
        public var usage: ResourceUsage?
        /// What the operation's processes wrote.
        public var output: ExecutionOutput?

        public init(
            events: [Moment: Event] = [:], steps: [Step] = [], reusesLauncher: Bool = false, reusesCode: Bool = false,
            readsEverything: Bool = false
        ) {
            self.events = events
            self.steps = steps
            self.reusesLauncher = reusesLauncher
            self.reusesCode = reusesCode
            self.readsEverything = readsEverything
        }
    }
}
