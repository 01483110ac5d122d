public import ContentStore

/// A state as a pack's commit record or another catalog tells of it: enough to enter it again.
public struct RecoverableState: Sendable {
    public var modelID: String
    public var modelName: String
    public var owner: String
    public var modelDescription = ""
    public var isPublic = false
    /// Nil where only the state is known.
    public var modelCreatedAt: Int64?
    public var settingsJSON: String
    public var stateID: String
    public var name: String
    public var createdAt: Int64
    public var baseState: String?
    public var lineageJSON: String
    public var mountsJSON: String
    public var isActive: Bool
    /// Nil for a key whose value nothing tells of any more.
    public var keys: [(key: String, value: IngestedValue?)]

    public init(
        modelID: String, modelName: String, owner: String, settingsJSON: String, stateID: String, name: String, createdAt: Int64,
        baseState: String?, lineageJSON: String, mountsJSON: String, isActive: Bool, keys: [(key: String, value: IngestedValue?)]
    ) {
        self.modelID = modelID
        self.modelName = modelName
        self.owner = owner
        self.settingsJSON = settingsJSON
        self.stateID = stateID
        self.name = name
        self.createdAt = createdAt
        self.baseState = baseState
        self.lineageJSON = lineageJSON
        self.mountsJSON = mountsJSON
        self.isActive = isActive
        self.keys = keys
    }

    /// The chunks that its values are made of.
    public var pieces: [ValuePiece] {
        keys.flatMap { _, value -> [ValuePiece] in
            if case .pieces(let pieces) = value?.content { pieces } else { [] }
        }
    }
}
