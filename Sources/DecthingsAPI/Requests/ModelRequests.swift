/// Params of `deleteModel`, `waitForModelToBeCreated`, `getFilesystemUsage`, `getCreatingStates`, `getEvaluations` and
/// `getUsedPersistentLaunchersForEvaluate`.
public struct ModelParams: Sendable, Hashable, Codable {
    public var modelId: String

    public init(modelId: String) {
        self.modelId = modelId
    }
}

/// Params of `createModel`.
public struct CreateModelParams: Sendable, Hashable, Codable {
    public var name: String
    public var description: String
    /// False when absent.
    public var publicAccess: Bool?
    public var options: CreateModelOptions

    public init(name: String, description: String, publicAccess: Bool? = nil, options: CreateModelOptions) {
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.options = options
    }
}

/// The programming language of a model.
public enum ModelLanguage: String, Sendable, Hashable, Codable, CaseIterable {
    case go, javascript, typescript, python, rust
}

/// Where a new model comes from.
public enum CreateModelOptions: Sendable, Hashable, Codable {
    /// New files from a preset.
    case code(CodeModelOptions)
    /// One blob: the model file.
    case upload(UploadModelOptions)
    /// The code of another model's snapshot with states of its own.
    case basedOnModelSnapshot(SnapshotModelOptions)
    /// An independent copy.
    case fromExisting(CopyModelOptions)

    private enum CodingKeys: String, CodingKey { case type }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "code": self = .code(try CodeModelOptions(from: decoder))
        case "upload": self = .upload(try UploadModelOptions(from: decoder))
        case "basedOnModelSnapshot": self = .basedOnModelSnapshot(try SnapshotModelOptions(from: decoder))
        case "fromExisting": self = .fromExisting(try CopyModelOptions(from: decoder))
        case let type:
            throw decoder.invalid(
                "must be code, upload, basedOnModelSnapshot or fromExisting, not \(type.prefix(64))",
                key: CodingKeys.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let (type, options): (String, any Encodable) =
            switch self {
            case .code(let options): ("code", options)
            case .upload(let options): ("upload", options)
            case .basedOnModelSnapshot(let options): ("basedOnModelSnapshot", options)
            case .fromExisting(let options): ("fromExisting", options)
            }
        try container.encode(type, forKey: .type)
        try options.encode(to: encoder)
    }

    /// How many blobs the request must carry.
    public var blobCount: Int {
        switch self {
        case .code, .fromExisting: 0
        case .upload: 1
        case .basedOnModelSnapshot(let options): options.initialState.blobCount
        }
    }
}

/// Options of a model made of code.
public struct CodeModelOptions: Sendable, Hashable, Codable {
    public var tags: [Tag]?
    /// Four empty lists when absent.
    public var parameterDefinitions: ParameterDefinitions?
    public var language: ModelLanguage
    /// `none`, `empty`, or the name of a sample; a sample when absent.
    public var preset: String?
    public var wasm: Bool?

    public init(
        tags: [Tag]? = nil, parameterDefinitions: ParameterDefinitions? = nil, language: ModelLanguage,
        preset: String? = nil, wasm: Bool? = nil
    ) {
        self.tags = tags
        self.parameterDefinitions = parameterDefinitions
        self.language = language
        self.preset = preset
        self.wasm = wasm
    }
}

/// Options of a model made of an uploaded file.
public struct UploadModelOptions: Sendable, Hashable, Codable {
    public var tags: [Tag]?
    /// Four empty lists when absent.
    public var parameterDefinitions: ParameterDefinitions?
    /// Such as `onnx`.
    public var format: String

    public init(tags: [Tag]? = nil, parameterDefinitions: ParameterDefinitions? = nil, format: String) {
        self.tags = tags
        self.parameterDefinitions = parameterDefinitions
        self.format = format
    }
}

/// Options of a model that runs the code of a snapshot.
public struct SnapshotModelOptions: Sendable, Hashable, Codable {
    public var tags: [Tag]?
    public var modelId: String
    public var snapshotId: String
    public var initialState: InitialState

    public init(tags: [Tag]? = nil, modelId: String, snapshotId: String, initialState: InitialState) {
        self.tags = tags
        self.modelId = modelId
        self.snapshotId = snapshotId
        self.initialState = initialState
    }
}

/// Options of a model that is a copy of another.
public struct CopyModelOptions: Sendable, Hashable, Codable {
    public var tags: [Tag]?
    public var modelId: String
    /// The active state and present files when absent.
    public var snapshotId: String?

    public init(tags: [Tag]? = nil, modelId: String, snapshotId: String? = nil) {
        self.tags = tags
        self.modelId = modelId
        self.snapshotId = snapshotId
    }
}

/// How a model based on a snapshot gets its first state.
public enum InitialState: Sendable, Hashable, Codable {
    /// The snapshot's state.
    case copy
    /// Run `createModelState`; blobs as for any parameter providers.
    case create(name: String, params: [ParameterProvider], launcherSpec: LauncherSpec)
    /// One blob a key.
    case upload(name: String, stateKeyNames: [String])

    private enum CodingKeys: String, CodingKey { case method, name, params, launcherSpec, stateKeyNames }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .method) {
        case "copy": self = .copy
        case "create":
            self = .create(
                name: try container.decode(String.self, forKey: .name),
                params: try container.decode([ParameterProvider].self, forKey: .params),
                launcherSpec: try container.decode(LauncherSpec.self, forKey: .launcherSpec))
        case "upload":
            self = .upload(
                name: try container.decode(String.self, forKey: .name),
                stateKeyNames: try container.decode([String].self, forKey: .stateKeyNames))
        case let method:
            throw decoder.invalid("must be copy, create or upload, not \(method.prefix(64))", key: CodingKeys.method)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .copy: try container.encode("copy", forKey: .method)
        case .create(let name, let params, let spec):
            try container.encode("create", forKey: .method)
            try container.encode(name, forKey: .name)
            try container.encode(params, forKey: .params)
            try container.encode(spec, forKey: .launcherSpec)
        case .upload(let name, let keys):
            try container.encode("upload", forKey: .method)
            try container.encode(name, forKey: .name)
            try container.encode(keys, forKey: .stateKeyNames)
        }
    }

    var blobCount: Int {
        switch self {
        case .copy: 0
        case .create(_, let params, _): params.count { $0.source == .inline }
        case .upload(_, let keys): keys.count
        }
    }
}

/// Params of `updateModel`; absent properties stay as they are.
public struct UpdateModelParams: Sendable, Hashable, Codable {
    public struct LauncherSpecs: Sendable, Hashable, Codable {
        public var createState: LauncherSpec?
        public var evaluate: LauncherSpec?

        public init(createState: LauncherSpec? = nil, evaluate: LauncherSpec? = nil) {
            self.createState = createState
            self.evaluate = evaluate
        }
    }

    public struct Properties: Sendable, Hashable, Codable {
        public var name: String?
        public var description: String?
        public var publicAccess: Bool?
        /// Replaces all tags.
        public var tags: [Tag]?
        /// Replaces all definitions.
        public var parameterDefinitions: ParameterDefinitions?
        public var defaultLauncherSpecs: LauncherSpecs?
        public var maxDurationsSeconds: MaxDurationsSeconds?

        public init(
            name: String? = nil, description: String? = nil, publicAccess: Bool? = nil, tags: [Tag]? = nil,
            parameterDefinitions: ParameterDefinitions? = nil, defaultLauncherSpecs: LauncherSpecs? = nil,
            maxDurationsSeconds: MaxDurationsSeconds? = nil
        ) {
            self.name = name
            self.description = description
            self.publicAccess = publicAccess
            self.tags = tags
            self.parameterDefinitions = parameterDefinitions
            self.defaultLauncherSpecs = defaultLauncherSpecs
            self.maxDurationsSeconds = maxDurationsSeconds
        }
    }

    public var modelId: String
    public var properties: Properties

    public init(modelId: String, properties: Properties) {
        self.modelId = modelId
        self.properties = properties
    }
}

/// Params of `setFilesystemSize`.
public struct SetFilesystemSizeParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var newFilesystemSizeMebibytes: Int

    public init(modelId: String, newFilesystemSizeMebibytes: Int) {
        self.modelId = modelId
        self.newFilesystemSizeMebibytes = newFilesystemSizeMebibytes
    }
}

/// Params of `setImage`.
public struct SetImageParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var domain: String
    public var repository: String
    public var reference: String

    public init(modelId: String, domain: String, repository: String, reference: String) {
        self.modelId = modelId
        self.domain = domain
        self.repository = repository
        self.reference = reference
    }
}

/// Params of `snapshotModel`.
public struct SnapshotModelParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotName: String

    public init(modelId: String, snapshotName: String) {
        self.modelId = modelId
        self.snapshotName = snapshotName
    }
}

/// Params of `deleteSnapshot`.
public struct SnapshotParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotId: String

    public init(modelId: String, snapshotId: String) {
        self.modelId = modelId
        self.snapshotId = snapshotId
    }
}

/// Properties with only a name, nil to keep it.
public struct NameProperties: Sendable, Hashable, Codable {
    public var name: String?

    public init(name: String? = nil) {
        self.name = name
    }
}

/// Params of `updateSnapshot`.
public struct UpdateSnapshotParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotId: String
    public var properties: NameProperties

    public init(modelId: String, snapshotId: String, properties: NameProperties) {
        self.modelId = modelId
        self.snapshotId = snapshotId
        self.properties = properties
    }
}

/// Params of `getSnapshotState`.
public struct GetSnapshotStateParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotId: String
    /// All keys when absent.
    public var keys: [String]?

    public init(modelId: String, snapshotId: String, keys: [String]? = nil) {
        self.modelId = modelId
        self.snapshotId = snapshotId
        self.keys = keys
    }
}
