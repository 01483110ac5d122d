/// Holds an operation's parameters against what the model declares (spec: model-api.md section 4.1).
struct ParameterCheck {
    struct Parameter: Sendable {
        let name: String
        let items: [(elementType: String, shape: [Int])]
        let source: any ItemSource
    }

    let definitions: [ParameterDefinition]

    /// With an empty list of definitions only repeated names are refused.
    func check(_ parameters: [Parameter]) throws(StrataError) {
        var names: Set<String> = []
        for parameter in parameters where !names.insert(parameter.name).inserted {
            throw .invalidParameter("params", "the parameter `\(parameter.name)` was given twice; give each once")
        }
        guard !definitions.isEmpty else { return }
        for parameter in parameters {
            guard let definition = definitions.first(where: { $0.name == parameter.name }) else {
                let declared = definitions.map { "`\($0.name)`" }.joined(separator: ", ")
                throw .invalidParameter("params", "the model declares no parameter `\(parameter.name)`; it declares \(declared)")
            }
            for (number, item) in parameter.items.enumerated() {
                if let misfit = definition.misfit(elementType: item.elementType, shape: item.shape) {
                    throw .invalidParameter("params", "item \(number) of the parameter `\(parameter.name)` \(misfit)")
                }
            }
        }
        for definition in definitions where definition.required && !names.contains(definition.name) {
            throw .invalidParameter("params", "the required parameter `\(definition.name)` is missing")
        }
    }
}
