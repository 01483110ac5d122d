import DecthingsAPI
import Strata

/// A model's settings in the API's words, and back.

extension Strata.LauncherSpec {
    init(_ spec: DecthingsAPI.LauncherSpec) {
        self.init(
            cpus: spec.cpus, memoryMebibytes: spec.memoryMebibytes, diskMebibytes: spec.diskMebibytes,
            swapMebibytes: spec.swapMebibytes, gpus: spec.gpus.map { Strata.GPUSpec(model: $0.model, count: $0.count) })
    }
}

extension DecthingsAPI.LauncherSpec {
    init(_ spec: Strata.LauncherSpec) {
        self.init(
            cpus: spec.cpus, memoryMebibytes: spec.memoryMebibytes, diskMebibytes: spec.diskMebibytes,
            swapMebibytes: spec.swapMebibytes, gpus: spec.gpus.map { DecthingsAPI.GPUSpec(model: $0.model, count: $0.count) })
    }
}

extension Strata.ParameterDefinitions {
    init(_ definitions: DecthingsAPI.ParameterDefinitions) {
        self.init(
            createState: definitions.createState.map(Strata.ParameterDefinition.init(wire:)),
            train: definitions.train.map(Strata.ParameterDefinition.init(wire:)),
            evaluateInput: definitions.evaluateInput.map(Strata.ParameterDefinition.init(wire:)),
            evaluateOutput: definitions.evaluateOutput.map(Strata.ParameterDefinition.init(wire:)))
    }
}

extension Strata.ParameterDefinition {
    fileprivate init(wire definition: DecthingsAPI.ParameterDefinition) {
        self.init(
            name: definition.name, required: definition.required, shape: definition.rules.shape,
            allowedTypes: definition.rules.allowedTypes.map(\.name), annotations: definition.rules.annotations)
    }
}

extension DecthingsAPI.ParameterDefinitions {
    init(_ definitions: Strata.ParameterDefinitions) {
        self.init(
            createState: definitions.createState.map(DecthingsAPI.ParameterDefinition.init(stored:)),
            train: definitions.train.map(DecthingsAPI.ParameterDefinition.init(stored:)),
            evaluateInput: definitions.evaluateInput.map(DecthingsAPI.ParameterDefinition.init(stored:)),
            evaluateOutput: definitions.evaluateOutput.map(DecthingsAPI.ParameterDefinition.init(stored:)))
    }
}

extension DecthingsAPI.ParameterDefinition {
    /// Element types that this version does not know are left out.
    fileprivate init(stored definition: Strata.ParameterDefinition) {
        self.init(
            name: definition.name, required: definition.required,
            rules: ParameterRules(
                shape: definition.shape, allowedTypes: definition.allowedTypes.compactMap(ElementType.init(name:)),
                annotations: definition.annotations))
    }
}

extension Strata.MaxDurations {
    init(_ durations: DecthingsAPI.MaxDurationsSeconds) {
        self.init(
            codeStartupSeconds: durations.codeStartup, instantiateModelSeconds: durations.instantiateModel,
            createStateSeconds: durations.createState, trainSeconds: durations.train, evaluateSeconds: durations.evaluate)
    }
}

extension DecthingsAPI.MaxDurationsSeconds {
    init(_ durations: Strata.MaxDurations) {
        self.init(
            codeStartup: durations.codeStartupSeconds, instantiateModel: durations.instantiateModelSeconds,
            createState: durations.createStateSeconds, train: durations.trainSeconds, evaluate: durations.evaluateSeconds)
    }
}

extension DecthingsAPI.DefaultLauncherSpecs {
    init(_ settings: Strata.ModelSettings) {
        self.init(
            createState: DecthingsAPI.LauncherSpec(settings.createStateLauncher),
            evaluate: DecthingsAPI.LauncherSpec(settings.evaluateLauncher))
    }
}

extension DecthingsAPI.SnapshotImage {
    init(_ image: Strata.ModelImage) {
        self.init(domain: image.domain, repository: image.repository, reference: image.reference, digest: image.digest)
    }
}

extension DecthingsAPI.ModelImage {
    /// Images are in use at once here: what was asked for last is what is in use.
    init(_ image: Strata.ModelImage) {
        self.init(
            domain: image.domain, repository: image.repository, reference: image.reference, digest: image.digest,
            targetDomain: image.domain, targetRepository: image.repository, targetReference: image.reference)
    }
}

extension Strata.ModelLanguage {
    init(_ language: DecthingsAPI.ModelLanguage) {
        self =
            switch language {
            case .go: .go
            case .javascript: .javascript
            case .typescript: .typescript
            case .python: .python
            case .rust: .rust
            }
    }
}

extension DecthingsAPI.ModelLanguage {
    init(_ language: Strata.ModelLanguage) {
        self =
            switch language {
            case .go: .go
            case .javascript: .javascript
            case .typescript: .typescript
            case .python: .python
            case .rust: .rust
            }
    }
}
