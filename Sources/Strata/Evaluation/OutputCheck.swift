/// Holds an evaluation's outputs against what the model declares (spec: model-api.md section 7.2).
struct OutputCheck {
    let definitions: [ParameterDefinition]

    /// With an empty list of definitions nothing is checked. Names may repeat.
    ///
    /// - Throws: `ExecutionFailure.invalidOutput`.
    func check(_ outputs: [EvaluationOutput]) throws(ExecutionFailure) {
        guard !definitions.isEmpty else { return }
        for output in outputs {
            guard let definition = definitions.first(where: { $0.name == output.name }) else {
                let declared = definitions.map { "`\($0.name)`" }.joined(separator: ", ")
                throw misfit("the model declares no output `\(output.name)`; it declares \(declared)")
            }
            for (number, item) in output.items.enumerated() {
                if let reason = definition.misfit(elementType: item.elementType, shape: item.shape) {
                    throw misfit("item \(number) of the output `\(output.name)` \(reason)")
                }
            }
        }
        let names = Set(outputs.map(\.name))
        for definition in definitions where definition.required && !names.contains(definition.name) {
            throw misfit("the required output `\(definition.name)` is missing")
        }
    }

    private func misfit(_ details: String) -> ExecutionFailure {
        .invalidOutput(.notApplicableToParameterDefinitions, details: details)
    }
}
