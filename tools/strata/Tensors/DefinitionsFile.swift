import DecthingsAPI
import Foundation
import Strata

/// Parameter definitions in the API's JSON form, to and from the store's.
enum DefinitionsFile {
    /// `{"createState": […], "train": […], "evaluateInput": […], "evaluateOutput": […]}`; lists may be missing.
    static func read(_ path: String) async throws -> Strata.ParameterDefinitions {
        let file = try await decode(PartialDefinitions.self, path)
        return Strata.ParameterDefinitions(
            createState: (file.createState ?? []).map(store), train: (file.train ?? []).map(store),
            evaluateInput: (file.evaluateInput ?? []).map(store), evaluateOutput: (file.evaluateOutput ?? []).map(store))
    }

    /// A list of definitions: a dataset's keys.
    static func readList(_ path: String) async throws -> [Strata.ParameterDefinition] {
        try await decode([DecthingsAPI.ParameterDefinition].self, path).map(store)
    }

    private struct PartialDefinitions: Decodable {
        let createState: [DecthingsAPI.ParameterDefinition]?
        let train: [DecthingsAPI.ParameterDefinition]?
        let evaluateInput: [DecthingsAPI.ParameterDefinition]?
        let evaluateOutput: [DecthingsAPI.ParameterDefinition]?
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ path: String) async throws -> T {
        let bytes = try await LocalFile.read(path)
        do {
            return try JSONValue.parse(bytes).decode(type)
        } catch {
            let field = error.field.map { ", field \($0)" } ?? ""
            throw StrataError(
                .invalidParameter, "`\(path)` is no list of parameter definitions\(field): \(error.message)",
                parameterName: "definitions")
        }
    }

    private static func store(_ definition: DecthingsAPI.ParameterDefinition) -> Strata.ParameterDefinition {
        Strata.ParameterDefinition(
            name: definition.name, required: definition.required, shape: definition.rules.shape,
            allowedTypes: definition.rules.allowedTypes.map(\.name), annotations: definition.rules.annotations)
    }
}

/// A definition as the API writes it.
struct DefinitionView: Encodable {
    struct Rules: Encodable {
        let shape: [Int]
        let allowedTypes: [String]
        let annotations: [String]
    }

    let name: String
    let required: Bool
    let rules: Rules

    init(_ definition: Strata.ParameterDefinition) {
        name = definition.name
        required = definition.required
        rules = Rules(
            shape: definition.shape, allowedTypes: definition.allowedTypes, annotations: definition.annotations)
    }

    static let fields: [JSONField] = [
        .init("name", "the parameter's or key's name"),
        .init("required", "whether it must be given"),
        .init("rules.shape[]", "lengths of the dimensions; -1 accepts any length"),
        .init("rules.allowedTypes[]", "names of element types; empty accepts all"),
        .init("rules.annotations[]", "free texts for a user interface"),
    ]
}
