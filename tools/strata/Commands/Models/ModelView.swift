import Strata

struct ModelView: JSONDocument {
    struct BasedOn: Encodable {
        let modelId: String
        let snapshotId: String
        let noLongerExists: Bool
    }

    struct Durations: Encodable {
        let codeStartup: Int
        let instantiateModel: Int
        let createState: Int
        let train: Int
        let evaluate: Int
    }

    struct Definitions: Encodable {
        let createState: [DefinitionView]
        let train: [DefinitionView]
        let evaluateInput: [DefinitionView]
        let evaluateOutput: [DefinitionView]
    }

    let id: String
    let name: String
    let description: String
    let `public`: Bool
    let owner: String
    let createdAt: String
    let language: String
    let tags: [TagView]
    let activeStateId: String
    let stateCount: Int
    let snapshotCount: Int
    let filesystemMebibytes: Int?
    let basedOnSnapshot: BasedOn?
    let maxDurationsSeconds: Durations
    let createStateLauncher: LauncherSpec
    let parameterDefinitions: Definitions

    init(_ model: Model) {
        id = model.id.rawValue
        name = model.name
        description = model.description
        `public` = model.isPublic
        owner = model.owner
        createdAt = Text.exactDate(model.createdAtMilliseconds)
        language = model.settings.language.rawValue
        tags = model.tags.map(TagView.init)
        activeStateId = model.activeStateID.rawValue
        stateCount = model.stateCount
        snapshotCount = model.snapshotCount
        filesystemMebibytes = model.filesystemSizeMebibytes
        basedOnSnapshot = model.basedOnSnapshot.map {
            BasedOn(modelId: $0.modelID.rawValue, snapshotId: $0.snapshotID.rawValue, noLongerExists: $0.noLongerExists)
        }
        let limits = model.settings.maxDurations
        maxDurationsSeconds = Durations(
            codeStartup: limits.codeStartupSeconds, instantiateModel: limits.instantiateModelSeconds,
            createState: limits.createStateSeconds, train: limits.trainSeconds, evaluate: limits.evaluateSeconds)
        createStateLauncher = model.settings.createStateLauncher
        let definitions = model.settings.parameterDefinitions
        parameterDefinitions = Definitions(
            createState: definitions.createState.map(DefinitionView.init), train: definitions.train.map(DefinitionView.init),
            evaluateInput: definitions.evaluateInput.map(DefinitionView.init),
            evaluateOutput: definitions.evaluateOutput.map(DefinitionView.init))
    }

    static let fields: [JSONField] = .all(
        [
            .init("id", "the model's id"), .init("name", "its name"), .init("description", "free text"),
            .init("public", "whether everybody may read it"), .init("owner", "who owns it"),
            .init("createdAt", "ISO 8601 in UTC with milliseconds"), .init("language", "what its code is written in"),
            .init("activeStateId", "id of its active state"), .init("stateCount", "how many states it has"),
            .init("snapshotCount", "how many snapshots it has"),
            .init("filesystemMebibytes", "room for its own files; absent when it runs a snapshot's code"),
            .init("basedOnSnapshot.modelId", "the model whose snapshot's code it runs"),
            .init("basedOnSnapshot.snapshotId", "that snapshot"),
            .init("basedOnSnapshot.noLongerExists", "true when that snapshot was deleted"),
            .init("maxDurationsSeconds.codeStartup", "time limit of loading the code"),
            .init("maxDurationsSeconds.instantiateModel", "time limit of instantiateModel"),
            .init("maxDurationsSeconds.createState", "time limit of createModelState"),
            .init("maxDurationsSeconds.train", "time limit of train"),
            .init("maxDurationsSeconds.evaluate", "time limit of evaluate"),
            .init("createStateLauncher.cpus", "cores for createState unless told otherwise"),
            .init("createStateLauncher.memoryMebibytes", "memory for createState unless told otherwise"),
            .init("createStateLauncher.diskMebibytes", "disk for createState, where there is a limit"),
            .init("createStateLauncher.swapMebibytes", "swap for createState, where there is a limit"),
        ], TagView.fields.below("tags[]"),
        ["createState", "train", "evaluateInput", "evaluateOutput"].flatMap { list -> [JSONField] in
            DefinitionView.fields.below("parameterDefinitions.\(list)[]")
        })

    static func text(_ model: Model) -> String {
        let limits = model.settings.maxDurations
        let based = model.basedOnSnapshot.map {
            "snapshot \($0.snapshotID) of model \($0.modelID)" + ($0.noLongerExists ? ", which no longer exists" : "")
        }
        return Table.pairs([
            ("name", model.name), ("id", model.id.rawValue), ("description", model.description),
            ("owner", model.owner + (model.isPublic ? ", public" : "")),
            ("created", Text.date(model.createdAtMilliseconds)), ("language", model.settings.language.rawValue),
            ("tags", model.tags.map { "\($0.tag)=\($0.value)" }.joined(separator: ", ")),
            ("active state", model.activeStateID.rawValue), ("states", Text.count(model.stateCount)),
            ("snapshots", Text.count(model.snapshotCount)),
            ("room for files", model.filesystemSizeMebibytes.map { "\($0) MiB" } ?? ""), ("based on", based ?? ""),
            ("time limits", "\(limits.codeStartupSeconds) s to start, \(limits.createStateSeconds) s to create a state"),
            ("parameters", parameters(model.settings.parameterDefinitions.createState)),
        ])
    }

    private static func parameters(_ definitions: [ParameterDefinition]) -> String {
        definitions.map { definition in
            let types = definition.allowedTypes.isEmpty ? "any type" : definition.allowedTypes.joined(separator: "|")
            let shape = definition.shape.isEmpty ? "" : "[\(definition.shape.map(String.init).joined(separator: ","))]"
            return "\(definition.name): \(types)\(shape)\(definition.required ? "" : " (optional)")"
        }.joined(separator: "; ")
    }
}
