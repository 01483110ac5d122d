/// Runs model code. `ModelRuntime` implements it with real processes, `ClosureExecutor` in-process, tests with scripts.
///
/// The pipeline drives every executor through the same three steps — acquire a launcher, start the code, make a call — and
/// owns time limits, durations and cleaning up. Rules for implementations:
/// - Every method may be cancelled at any await; it must then return soon and leave no process, file or task behind.
/// - Model failures are thrown as `ExecutionFailure`; anything else that is thrown is reported as `.unknown`.
/// - An executor is called from many tasks at once.
public protocol ModelExecutor: Sendable {
    /// Acquires the place where one operation runs.
    ///
    /// - Throws: `StrataError` with code `persistent_launcher_not_found` (a refusal: nothing has run), or
    ///   `ExecutionFailure.serverOverloaded`.
    func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher

    /// The same, told what for; for executors that can say what runs where.
    ///
    /// - Parameter use: nil for what is no operation of its own, such as keeping code warm.
    func acquireLauncher(at location: ExecutionLocation, for use: LauncherUse?) async throws -> any ModelLauncher
}

extension ModelExecutor {
    /// Acquires the place without a thought to what for.
    public func acquireLauncher(at location: ExecutionLocation, for use: LauncherUse?) async throws -> any ModelLauncher {
        try await acquireLauncher(at: location)
    }
}

/// An operation on a launcher.
public struct LauncherUse: Hashable, Sendable {
    public let operationID: OperationID
    public let kind: OperationKind

    public init(operationID: OperationID, kind: OperationKind) {
        self.operationID = operationID
        self.kind = kind
    }
}

/// Where an operation runs.
public enum ExecutionLocation: Hashable, Sendable, Codable {
    case persistentLauncher(LauncherID)
    case temporaryLauncher(LauncherSpec)
}

/// A place that was acquired for one operation.
public protocol ModelLauncher: Sendable {
    /// True when it stood warm: the operation then has no `createLauncher` duration.
    var isReused: Bool { get }

    /// Starts the code, or hands out code that already runs.
    ///
    /// The pipeline bounds it with the model's `codeStartupSeconds` by cancelling it.
    /// - Throws: `ExecutionFailure`: read or invalid executable, exception at code start-up, code terminated.
    func start(_ code: ModelCode) async throws -> any ModelSession

    /// Gives the place back; called exactly once, after the session's `terminate()`. A temporary launcher is gone after it.
    ///
    /// - Returns: what the operation's processes wrote, also when the code never started; nil where nothing is captured.
    @discardableResult
    func release() async -> ExecutionOutput?
}

/// What the processes of one operation wrote, each part bounded by the executor.
public struct ExecutionOutput: Hashable, Sendable {
    public let standardOutput: String
    public let standardError: String

    public init(standardOutput: String, standardError: String) {
        self.standardOutput = standardOutput
        self.standardError = standardError
    }
}

/// What the processes of one operation use of the machine.
public struct ResourceUsage: Hashable, Sendable {
    /// Processor time since the operation began, of all its processes, also those that have ended where that is known.
    public let cpuSeconds: Double
    public let memoryBytes: Int64
    /// Bytes in the code's scratch folders; nil where that is not measured.
    public let diskBytes: Int64?

    public init(cpuSeconds: Double, memoryBytes: Int64, diskBytes: Int64? = nil) {
        self.cpuSeconds = cpuSeconds
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
    }
}

/// Running model code.
public protocol ModelSession: Sendable {
    /// True when the code ran before: the operation then has no `codeStartup` duration.
    var isReused: Bool { get }

    /// Calls the code's `createModelState` and streams what it provides into `receiver`, in order.
    ///
    /// Returns when the code has answered and everything it provided was received.
    /// - Throws: `ExecutionFailure`; errors of `receiver` pass through unchanged.
    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws

    /// Calls the code's `instantiateModel`: loads a state, for training, evaluation or reading it back.
    ///
    /// - Throws: `ExecutionFailure`.
    func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance

    /// What the code uses now; nil where that is not measured. Of code that ran before, processor time may count from the
    /// first time that this is called.
    func usage() async -> ResourceUsage?

    /// Ends the operation. Called exactly once, whatever happened. When it returns, a temporary session's processes are
    /// dead, its files removed; a persistent one may keep its code running when `reusable` is true.
    func terminate(reusable: Bool) async
}

extension ModelSession {
    /// Refuses: the executor creates states and does nothing else.
    public func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance {
        throw ExecutionFailure.unknown(reason: "this executor cannot instantiate models: it only creates states")
    }

    public func usage() async -> ResourceUsage? { nil }
}

/// The code that a session starts.
public struct ModelCode: Sendable {
    public let modelID: ModelID
    public let language: ModelLanguage
    public let files: any MountedFiles
    /// Equal for equal files: a warm session may be used again while this stays the same.
    public let filesIdentity: String

    public init(modelID: ModelID, language: ModelLanguage, files: any MountedFiles, filesIdentity: String) {
        self.modelID = modelID
        self.language = language
        self.files = files
        self.filesIdentity = filesIdentity
    }
}

/// One call of `createModelState`.
public struct CreateModelStateCall: Sendable {
    public let parameters: [CallParameter]
    public let otherModels: [MountedModel]

    public init(parameters: [CallParameter], otherModels: [MountedModel]) {
        self.parameters = parameters
        self.otherModels = otherModels
    }
}

/// One call of `instantiateModel`.
public struct InstantiateModelCall: Sendable {
    /// The state's keys, each a single item: the key's raw value.
    public let state: [CallParameter]
    /// The models that the state was made with. The code gets their files, not their states.
    public let otherModels: [MountedModel]
    /// Names the state: a session may keep the instance when it is disposed of, and give it to a later call with this name,
    /// which then loads nothing. Nil where nothing is to be kept.
    public let keptAs: String?

    public init(state: [CallParameter], otherModels: [MountedModel] = [], keptAs: String? = nil) {
        self.state = state
        self.otherModels = otherModels
        self.keptAs = keptAs
    }
}

/// A named list of items that the code pulls as it needs them.
public struct CallParameter: Sendable {
    public let name: String
    public let items: any ItemSource

    public init(name: String, items: any ItemSource) {
        self.name = name
        self.items = items
    }
}

/// Another model that the running code may read: its files and one state, both fixed at one moment.
public struct MountedModel: Sendable {
    public let modelID: ModelID
    public let files: any MountedFiles
    /// The state's keys, each a single item: the key's raw value.
    public let state: [CallParameter]

    public init(modelID: ModelID, files: any MountedFiles, state: [CallParameter]) {
        self.modelID = modelID
        self.files = files
        self.state = state
    }
}

/// Items served on demand: a parameter's tensors, or a state key's bytes. Items may be larger than memory.
public protocol ItemSource: Sendable {
    var itemCount: Int { get }
    var totalSizeBytes: Int64 { get }

    /// The size of each item in `range`, which must lie within the item count.
    func sizesBytes(of range: Range<Int>) async throws -> [Int64]

    /// Hands the item's bytes to `consume` in order, in pieces of at most 1 MiB. What `consume` throws passes through.
    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws
}

/// A model's files at one moment, ready to be laid out in a folder.
public protocol MountedFiles: Sendable {
    /// Writes the whole tree below `folder`, which must exist and be empty: directories, regular files with their modes,
    /// symbolic links as they are (never followed). Cost: reads every file's bytes once.
    func layOut(in folder: String) async throws
}

/// Takes the keys of a state in the making. Calls come one after another, from one task: begin, write…, end, begin, ….
public protocol StateReceiver: Sendable {
    /// - Parameter sizeBytes: the value's size where the code announced it.
    /// - Throws: `ProvidedStateError` for a repeated key, the 101st key, or a size above 1 GiB.
    func beginKey(_ key: String, sizeBytes: Int64?) async throws
    /// Appends bytes to the key that was begun. Waits while the store is behind (back-pressure).
    func write(_ bytes: ArraySlice<UInt8>) async throws
    func endKey() async throws
}

/// What model code provided breaks a rule of states; the pipeline reports it as an exception at createState.
public struct ProvidedStateError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
