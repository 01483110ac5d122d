import Strata

struct StateView: JSONDocument {
    let id: String
    let modelId: String
    let name: String
    let active: Bool
    let createdAt: String
    let sizeBytes: Int64
    let keys: [KeyView]
    let baseStateId: String?
    let mounts: [MountView]
    let trainingOperations: [String]
    let beingDeleted: Bool

    init(_ state: State) {
        id = state.id.rawValue
        modelId = state.modelID.rawValue
        name = state.name
        active = state.isActive
        createdAt = Text.exactDate(state.createdAtMilliseconds)
        sizeBytes = state.sizeBytes
        keys = state.keys.map(KeyView.init)
        baseStateId = state.baseStateID?.rawValue
        mounts = state.mounts.map(MountView.init)
        trainingOperations = state.trainingOperations
        beingDeleted = state.isBeingDeleted
    }

    static let fields: [JSONField] = .all(
        [
            .init("id", "the state's id"), .init("modelId", "its model's id"),
            .init("name", "its name; need not be unique"), .init("active", "whether it is the model's active state"),
            .init("createdAt", "ISO 8601 in UTC with milliseconds"), .init("sizeBytes", "bytes of all values"),
            .init("baseStateId", "the state that its maker named as its base"),
            .init("trainingOperations[]", "ids of the trainings that led here, oldest first"),
            .init("beingDeleted", "true when it goes as soon as nobody mounts it"),
        ], KeyView.fields.below("keys[]"), MountView.fields.below("mounts[]"))

    static func text(_ state: State) -> String {
        let head = Table.pairs([
            ("name", state.name), ("id", state.id.rawValue), ("model", state.modelID.rawValue),
            ("active", state.isActive ? "yes" : "no"), ("created", Text.date(state.createdAtMilliseconds)),
            ("size", Text.exactSize(state.sizeBytes)), ("base", state.baseStateID?.rawValue ?? ""),
            ("mounted", MountView.text(state.mounts)), ("trainings", state.trainingOperations.joined(separator: ", ")),
            ("deletion", state.isBeingDeleted ? "when the last mount closes" : ""),
        ])
        return head + "\n\n" + KeyView.table(state.keys)
    }

    static func table(_ states: [State]) -> String {
        Table(
            [.text("NAME"), .text("STATE ID"), .number("KEYS"), .number("SIZE"), .text("CREATED"), .text("ACTIVE")],
            rows: states.map {
                [
                    $0.name, $0.id.rawValue, Text.count($0.keys.count), Text.size($0.sizeBytes),
                    Text.date($0.createdAtMilliseconds), $0.isActive ? "active" : $0.isBeingDeleted ? "being deleted" : "",
                ]
            }
        ).text(empty: "no states")
    }
}
