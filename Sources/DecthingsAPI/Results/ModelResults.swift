/// Time limits of the stages of a run, all in seconds.
public struct MaxDurationsSeconds: Sendable, Hashable, Codable {
    public var codeStartup: Int
    public var instantiateModel: Int
    public var createState: Int
    public var train: Int
    public var evaluate: Int

    public init(
        codeStartup: Int = 60, instantiateModel: Int = 60, createState: Int = 600, train: Int = 86400,
        evaluate: Int = 60
    ) {
        self.codeStartup = codeStartup
        self.instantiateModel = instantiateModel
        self.createState = createState
        self.train = train
        self.evaluate = evaluate
    }
}

/// Launchers that a model uses unless told.
public struct DefaultLauncherSpecs: Sendable, Hashable, Codable {
    public var createState: LauncherSpec
    public var evaluate: LauncherSpec

    public init(createState: LauncherSpec, evaluate: LauncherSpec) {
        self.createState = createState
        self.evaluate = evaluate
    }
}

/// A container image in use.
public struct SnapshotImage: Sendable, Hashable, Codable {
    public var domain: String
    public var repository: String
    public var reference: String
    public var digest: String

    public init(domain: String, repository: String, reference: String, digest: String) {
        self.domain = domain
        self.repository = repository
        self.reference = reference
        self.digest = digest
    }
}

/// A container image in use, and the one last asked for.
public struct ModelImage: Sendable, Hashable, Codable {
    public struct Progress: Sendable, Hashable, Codable {
        public var totalBytes: Int64
        public var copiedBytes: Int64

        public init(totalBytes: Int64, copiedBytes: Int64) {
            self.totalBytes = totalBytes
            self.copiedBytes = copiedBytes
        }
    }

    public var domain: String
    public var repository: String
    public var reference: String
    public var digest: String
    public var targetDomain: String
    public var targetRepository: String
    public var targetReference: String
    /// While copying.
    public var progress: Progress?
    /// When copying failed.
    public var targetError: String?

    public init(
        domain: String, repository: String, reference: String, digest: String, targetDomain: String,
        targetRepository: String, targetReference: String, progress: Progress? = nil, targetError: String? = nil
    ) {
        self.domain = domain
        self.repository = repository
        self.reference = reference
        self.digest = digest
        self.targetDomain = targetDomain
        self.targetRepository = targetRepository
        self.targetReference = targetReference
        self.progress = progress
        self.targetError = targetError
    }
}

/// The snapshot that a model is based on.
public struct BasedOnSnapshot: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotId: String
    public var noLongerExists: Bool

    public init(modelId: String, snapshotId: String, noLongerExists: Bool) {
        self.modelId = modelId
        self.snapshotId = snapshotId
        self.noLongerExists = noLongerExists
    }
}

/// The state inside a snapshot; it has no id.
public struct SnapshotState: Sendable, Hashable, Codable {
    public var name: String
    public var state: [StateKey]
    public var mountedModels: [MountedModel]

    public init(name: String, state: [StateKey], mountedModels: [MountedModel]) {
        self.name = name
        self.state = state
        self.mountedModels = mountedModels
    }
}

/// A snapshot of a model.
public struct Snapshot: Sendable, Hashable, Codable {
    public var id: String
    public var name: String
    /// Milliseconds since 1970.
    public var createdAt: Int64
    public var filesystemSizeMebibytes: Int
    public var parameterDefinitions: ParameterDefinitions
    public var defaultLauncherSpecs: DefaultLauncherSpecs
    public var maxDurationsSeconds: MaxDurationsSeconds
    public var image: SnapshotImage
    public var state: SnapshotState

    public init(
        id: String, name: String, createdAt: Int64, filesystemSizeMebibytes: Int,
        parameterDefinitions: ParameterDefinitions, defaultLauncherSpecs: DefaultLauncherSpecs,
        maxDurationsSeconds: MaxDurationsSeconds, image: SnapshotImage, state: SnapshotState
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.filesystemSizeMebibytes = filesystemSizeMebibytes
        self.parameterDefinitions = parameterDefinitions
        self.defaultLauncherSpecs = defaultLauncherSpecs
        self.maxDurationsSeconds = maxDurationsSeconds
        self.image = image
        self.state = state
    }
}

/// A model as `getModels` shows it.
public struct Model: Sendable, Hashable, Codable {
    public var id: String
    public var name: String
    public var description: String
    public var publicAccess: Bool
    /// Milliseconds since 1970.
    public var createdAt: Int64
    public var tags: [Tag]
    public var owner: Owner
    public var access: Access
    public var beingCreated: Bool
    public var language: ModelLanguage
    public var wasm: Bool
    public var image: ModelImage
    public var parameterDefinitions: ParameterDefinitions
    public var defaultLauncherSpecs: DefaultLauncherSpecs
    public var maxDurationsSeconds: MaxDurationsSeconds
    public var filesystemSizeMebibytes: Int
    public var ongoingTrainingSessions: [String]
    /// Finished ones.
    public var trainingSessions: [String]
    public var states: [ModelState]
    /// Id of the active state.
    public var activeState: String
    /// The same id under its older name, for programs of the Python client's time.
    public var currentState: String
    public var snapshots: [Snapshot]
    /// Only for models based on a snapshot.
    public var basedOnSnapshot: BasedOnSnapshot?

    public init(
        id: String, name: String, description: String, publicAccess: Bool, createdAt: Int64, tags: [Tag],
        owner: Owner, access: Access, beingCreated: Bool, language: ModelLanguage, wasm: Bool, image: ModelImage,
        parameterDefinitions: ParameterDefinitions, defaultLauncherSpecs: DefaultLauncherSpecs,
        maxDurationsSeconds: MaxDurationsSeconds, filesystemSizeMebibytes: Int, ongoingTrainingSessions: [String],
        trainingSessions: [String], states: [ModelState], activeState: String, snapshots: [Snapshot],
        basedOnSnapshot: BasedOnSnapshot? = nil
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.createdAt = createdAt
        self.tags = tags
        self.owner = owner
        self.access = access
        self.beingCreated = beingCreated
        self.language = language
        self.wasm = wasm
        self.image = image
        self.parameterDefinitions = parameterDefinitions
        self.defaultLauncherSpecs = defaultLauncherSpecs
        self.maxDurationsSeconds = maxDurationsSeconds
        self.filesystemSizeMebibytes = filesystemSizeMebibytes
        self.ongoingTrainingSessions = ongoingTrainingSessions
        self.trainingSessions = trainingSessions
        self.states = states
        self.activeState = activeState
        self.currentState = activeState
        self.snapshots = snapshots
        self.basedOnSnapshot = basedOnSnapshot
    }
}

/// Result of `createModel`.
public struct CreateModelResult: Sendable, Hashable, Codable {
    public var modelId: String
    /// True only when an initial state has to be computed.
    public var isNowCreating: Bool

    public init(modelId: String, isNowCreating: Bool) {
        self.modelId = modelId
        self.isNowCreating = isNowCreating
    }
}

/// Result of `getModels`.
public struct GetModelsResult: Sendable, Hashable, Codable {
    public var models: [Model]
    /// Matches before paging.
    public var total: Int
    public var offset: Int
    public var limit: Int

    public init(models: [Model], total: Int, offset: Int, limit: Int) {
        self.models = models
        self.total = total
        self.offset = offset
        self.limit = limit
    }
}

/// Result of `getFilesystemUsage`.
public struct FilesystemUsageResult: Sendable, Hashable, Codable {
    public var blockSize: Int64
    public var totalBlocks: Int64
    public var freeBlocks: Int64
    public var totalInodes: Int64
    public var freeInodes: Int64

    public init(blockSize: Int64, totalBlocks: Int64, freeBlocks: Int64, totalInodes: Int64, freeInodes: Int64) {
        self.blockSize = blockSize
        self.totalBlocks = totalBlocks
        self.freeBlocks = freeBlocks
        self.totalInodes = totalInodes
        self.freeInodes = freeInodes
    }
}

/// Result of `snapshotModel`.
public struct SnapshotModelResult: Sendable, Hashable, Codable {
    public var snapshotId: String

    public init(snapshotId: String) {
        self.snapshotId = snapshotId
    }
}
