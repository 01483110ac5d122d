/// What a parameter's tensors must look like.
public struct ParameterRules: Sendable, Hashable, Codable {
    /// Length of each dimension; -1 accepts any length there, and `[]` means a scalar.
    public var shape: [Int]
    /// Empty accepts every type.
    public var allowedTypes: [ElementType]
    /// Free texts for a user interface.
    public var annotations: [String]

    public init(shape: [Int], allowedTypes: [ElementType], annotations: [String] = []) {
        self.shape = shape
        self.allowedTypes = allowedTypes
        self.annotations = annotations
    }

    /// Absent `annotations` become `[]`: older clients do not send them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        shape = try container.decode([Int].self, forKey: .shape)
        allowedTypes = try container.decode([ElementType].self, forKey: .allowedTypes)
        annotations = try container.decodeIfPresent([String].self, forKey: .annotations) ?? []
        guard shape.count <= 255, shape.allSatisfy({ $0 >= -1 }) else {
            throw decoder.invalid("must have at most 255 dimensions, each -1 or more", key: CodingKeys.shape)
        }
    }

    /// Why a tensor of this type and shape does not fit, nil when it does. Reads "type f64 is not among f32, i32".
    public func misfit(type: ElementType, shape actual: [Int]) -> String? {
        if !allowedTypes.isEmpty && !allowedTypes.contains(type) {
            let allowed = allowedTypes.map(\.name).joined(separator: ", ")
            return "type \(type.name) is not among \(allowed)"
        }
        guard actual.count == shape.count else {
            return "shape \(actual) has \(actual.count) dimensions, not the \(shape.count) of \(shape)"
        }
        for (index, (length, wanted)) in zip(actual, shape).enumerated() where wanted != -1 && wanted != length {
            return "shape \(actual) does not fit \(shape): dimension \(index) is \(length), not \(wanted)"
        }
        return nil
    }

    public func misfit(_ tensor: TensorHeader) -> String? { misfit(type: tensor.type, shape: tensor.shape) }
    public func misfit(_ tensor: Tensor) -> String? { misfit(tensor.header) }
}

/// A named parameter of a model function, or a key of a data set.
public struct ParameterDefinition: Sendable, Hashable, Codable {
    public var name: String
    public var required: Bool
    public var rules: ParameterRules

    public init(name: String, required: Bool = true, rules: ParameterRules) {
        self.name = name
        self.required = required
        self.rules = rules
    }

    /// Absent `required` becomes true: older clients do not send it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        required = try container.decodeIfPresent(Bool.self, forKey: .required) ?? true
        rules = try container.decode(ParameterRules.self, forKey: .rules)
    }

    /// Why `tensor` does not fit this definition, nil when it does. The sentence names the parameter.
    public func misfit(_ tensor: TensorHeader) -> String? {
        rules.misfit(tensor).map { "parameter \(name): \($0)" }
    }

    public func misfit(_ tensor: Tensor) -> String? { misfit(tensor.header) }

    var jsonValue: JSONValue {
        [
            "name": .string(name), "required": .bool(required),
            "rules": [
                "shape": .array(rules.shape.map { .integer(Int64($0)) }),
                "allowedTypes": .array(rules.allowedTypes.map { .string($0.name) }),
                "annotations": .array(rules.annotations.map(JSONValue.string)),
            ],
        ]
    }
}

/// The parameters of a model's functions; all four lists are always sent.
public struct ParameterDefinitions: Sendable, Hashable, Codable {
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

extension [ParameterDefinition] {
    /// Why these parameters must be refused, nil when they fit: a repeated name always; an unknown name, a missing
    /// required name or a tensor that does not fit when there is any definition at all.
    ///
    /// - Parameter given: names in order, each with the headers of its tensors (those of a data set's items too).
    public func misfit(_ given: [(name: String, tensors: [TensorHeader])]) -> String? {
        var seen: Set<String> = []
        for parameter in given where !seen.insert(parameter.name).inserted {
            return "parameter \(parameter.name) is given more than once; give each name once"
        }
        if isEmpty { return nil }
        let definitions = Dictionary(map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for parameter in given {
            guard let definition = definitions[parameter.name] else {
                let known = map(\.name).joined(separator: ", ")
                return "parameter \(parameter.name) is not declared; the model declares \(known)"
            }
            for (index, tensor) in parameter.tensors.enumerated() {
                if let problem = definition.misfit(tensor) { return "\(problem) (tensor \(index))" }
            }
        }
        return first { $0.required && !seen.contains($0.name) }
            .map { "parameter \($0.name) is required and missing; add it" }
    }
}
