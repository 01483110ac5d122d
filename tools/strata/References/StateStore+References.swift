import ArgumentParser
import Strata

/// Finds what the arguments name.
extension StateStore {
    /// A model by its id or name.
    func findModel(_ reference: String) async throws -> Model {
        if let id = ModelID(reference) { return try await model(id) }
        let found = try await models(ListFilter(names: [reference]), limit: 10)
        return try only(found.items, "model", reference, notFound: .modelNotFound, in: "this store") { $0.id.rawValue }
    }

    func findDataset(_ reference: String) async throws -> Dataset {
        if let id = DatasetID(reference) { return try await dataset(id) }
        let found = try await datasets(ListFilter(names: [reference]), limit: 10)
        return try only(found.items, "dataset", reference, notFound: .datasetNotFound, in: "this store") { $0.id.rawValue }
    }

    /// A state by `active`, its id, its name or the beginning of its id, in this order.
    func findState(_ reference: String, of model: Model) async throws -> State {
        if reference == "active" { return try await state(model.activeStateID, of: model.id) }
        if let id = StateID(reference) { return try await state(id, of: model.id) }
        let all = try await allStates(of: model.id)
        return try only(
            Reference.matches(reference, all, id: \.id.rawValue, name: \.name), "state", reference,
            notFound: .stateNotFound, in: "model `\(model.name)`"
        ) { $0.id.rawValue }
    }

    func findSnapshot(_ reference: String, of model: Model) async throws -> Snapshot {
        if let id = SnapshotID(reference) { return try await snapshot(id, of: model.id) }
        let all = try await allSnapshots(of: model.id)
        return try only(
            Reference.matches(reference, all, id: \.id.rawValue, name: \.name), "snapshot", reference,
            notFound: .snapshotNotFound, in: "model `\(model.name)`"
        ) { $0.id.rawValue }
    }

    func allStates(of model: ModelID) async throws -> [State] {
        try await everything { try await self.states(of: model, offset: $0, limit: $1) }
    }

    func allSnapshots(of model: ModelID) async throws -> [Snapshot] {
        try await everything { try await self.snapshots(of: model, offset: $0, limit: $1) }
    }

    private func everything<Item>(_ page: (_ offset: Int, _ limit: Int) async throws -> Page<Item>) async throws -> [Item] {
        try await PageOptions.all(page).items
    }

    private func only<T>(
        _ found: [T], _ kind: String, _ reference: String, notFound: StrataError.Code, in place: String,
        id: (T) -> String
    ) throws -> T {
        if found.count == 1 { return found[0] }
        guard !found.isEmpty else {
            throw StrataError(notFound, "\(place) has no \(kind) `\(reference)`; `strata \(kind) list` shows them")
        }
        let ids = found.prefix(5).map { "`\(id($0))`" }.joined(separator: ", ")
        throw StrataError(
            .ambiguousReference,
            "\(found.count == 10 ? "at least 10" : "\(found.count)") \(kind)s fit `\(reference)` in \(place): \(ids); give an id")
    }
}

/// How arguments name things.
enum Reference {
    static let prefixCharactersMin = 8

    /// What has the name, else what has an id that begins so.
    static func matches<T>(_ reference: String, _ all: [T], id: (T) -> String, name: (T) -> String) -> [T] {
        let named = all.filter { name($0) == reference }
        guard named.isEmpty, reference.count >= prefixCharactersMin else { return named }
        return all.filter { id($0).hasPrefix(reference) }
    }

    /// `MODEL:SNAPSHOT`, split at the first colon.
    static func modelAndSnapshot(_ text: String) -> (model: String, snapshot: String?) {
        guard let colon = text.firstIndex(of: ":") else { return (text, nil) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}

/// `MODEL`, `MODEL@STATE` or `MODEL:SNAPSHOT`, split at the first `@` or `:`; what has such a name is given by id.
struct MountReference: ExpressibleByArgument {
    enum Selection {
        case active
        case state(String)
        case snapshot(String)
    }

    let model: String
    let selection: Selection

    init?(argument: String) {
        guard let separator = argument.firstIndex(where: { $0 == "@" || $0 == ":" }) else {
            guard !argument.isEmpty else { return nil }
            model = argument
            selection = .active
            return
        }
        model = String(argument[..<separator])
        let rest = String(argument[argument.index(after: separator)...])
        guard !model.isEmpty, !rest.isEmpty else { return nil }
        selection = argument[separator] == "@" ? .state(rest) : .snapshot(rest)
    }

    /// Finds the model and what is to be mounted of it.
    func request(in store: StateStore) async throws -> MountRequest {
        let model = try await store.findModel(model)
        switch selection {
        case .active: return MountRequest(modelID: model.id)
        case .state(let text):
            if text == "active" { return MountRequest(modelID: model.id) }
            return MountRequest(modelID: model.id, selection: .state(try await store.findState(text, of: model).id))
        case .snapshot(let text):
            return MountRequest(modelID: model.id, selection: .snapshot(try await store.findSnapshot(text, of: model).id))
        }
    }
}
