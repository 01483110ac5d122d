/// What a model's code is written in; decides the runtime that runs it.
public enum ModelLanguage: String, Sendable, Codable, CaseIterable {
    case go, javascript, typescript, python, rust
}

/// Graphics processors that a launcher asks for.
public struct GPUSpec: Hashable, Sendable, Codable {
    /// Such as `L4`.
    public var model: String
    /// At least 1.
    public var count: Int

    public init(model: String, count: Int) {
        self.model = model
        self.count = count
    }
}

/// How much of a machine an operation may use.
public struct LauncherSpec: Hashable, Sendable, Codable {
    /// Processor cores; fractions are allowed.
    public var cpus: Double
    public var memoryMebibytes: Int
    public var diskMebibytes: Int?
    public var swapMebibytes: Int?
    /// Kept and told; the executors of this package give none.
    public var gpus: GPUSpec?

    public init(
        cpus: Double = 1, memoryMebibytes: Int = 512, diskMebibytes: Int? = nil, swapMebibytes: Int? = nil, gpus: GPUSpec? = nil
    ) {
        self.gpus = gpus
        self.cpus = cpus
        self.memoryMebibytes = memoryMebibytes
        self.diskMebibytes = diskMebibytes
        self.swapMebibytes = swapMebibytes
    }
}

/// How long each phase of an operation may take, in whole seconds.
public struct MaxDurations: Hashable, Sendable, Codable {
    public var codeStartupSeconds: Int
    public var instantiateModelSeconds: Int
    public var createStateSeconds: Int
    public var trainSeconds: Int
    public var evaluateSeconds: Int

    public init(
        codeStartupSeconds: Int = 60, instantiateModelSeconds: Int = 60, createStateSeconds: Int = 600,
        trainSeconds: Int = 86400, evaluateSeconds: Int = 60
    ) {
        self.codeStartupSeconds = codeStartupSeconds
        self.instantiateModelSeconds = instantiateModelSeconds
        self.createStateSeconds = createStateSeconds
        self.trainSeconds = trainSeconds
        self.evaluateSeconds = evaluateSeconds
    }
}

/// What one parameter, output or dataset key must look like (spec: tensor.md section 6).
public struct ParameterDefinition: Hashable, Sendable, Codable {
    public var name: String
    public var required: Bool
    /// Lengths of the dimensions; -1 accepts any length in its place, an empty list means a scalar.
    public var shape: [Int]
    /// Names of element types; an empty list accepts every type.
    public var allowedTypes: [String]
    /// Free strings for a user interface.
    public var annotations: [String]

    public init(
        name: String, required: Bool = true, shape: [Int] = [], allowedTypes: [String] = [], annotations: [String] = []
    ) {
        self.name = name
        self.required = required
        self.shape = shape
        self.allowedTypes = allowedTypes
        self.annotations = annotations
    }

    /// Why an item of this type and shape does not fit; nil when it does.
    public func misfit(elementType: String, shape actual: [Int]) -> String? {
        if !allowedTypes.isEmpty, !allowedTypes.contains(elementType) {
            return "is of type \(elementType), allowed are \(allowedTypes.joined(separator: ", "))"
        }
        let fits = shape.count == actual.count && zip(shape, actual).allSatisfy { $0 == -1 || $0 == $1 }
        return fits ? nil : "has shape \(actual), declared is \(shape) (-1 accepts any length)"
    }
}

/// The parameters that a model declares for each operation.
public struct ParameterDefinitions: Hashable, Sendable, Codable {
    public var createState: [ParameterDefinition]
    public var train: [ParameterDefinition]
    public var evaluateInput: [ParameterDefinition]
    public var evaluateOutput: [ParameterDefinition]

    public init(
        createState: [ParameterDefinition] = [], train: [ParameterDefinition] = [],
        evaluateInput: [ParameterDefinition] = [], evaluateOutput: [ParameterDefinition] = []
    ) {
        self.createState = createState
        self.train = train
        self.evaluateInput = evaluateInput
        self.evaluateOutput = evaluateOutput
    }
}

/// The container image that a model names. The store keeps it; executors may use it.
public struct ModelImage: Hashable, Sendable, Codable {
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

/// Everything about a model that a snapshot freezes beside files and state.
public struct ModelSettings: Hashable, Sendable, Codable {
    public var language: ModelLanguage
    public var wasm: Bool
    public var parameterDefinitions: ParameterDefinitions
    public var createStateLauncher: LauncherSpec
    public var evaluateLauncher: LauncherSpec
    public var maxDurations: MaxDurations
    public var image: ModelImage

    public init(
        language: ModelLanguage = .python, wasm: Bool = false, parameterDefinitions: ParameterDefinitions = .init(),
        createStateLauncher: LauncherSpec = .init(), evaluateLauncher: LauncherSpec = .init(),
        maxDurations: MaxDurations = .init(), image: ModelImage? = nil
    ) {
        self.language = language
        self.wasm = wasm
        self.parameterDefinitions = parameterDefinitions
        self.createStateLauncher = createStateLauncher
        self.evaluateLauncher = evaluateLauncher
        self.maxDurations = maxDurations
        self.image = image ?? ModelImage(
            domain: "registry.local", repository: "decthings/\(language.rawValue)", reference: "latest",
            digest: "sha256:" + String(repeating: "0", count: 64))
    }
}
