import ArgumentParser
import Strata

/// Options that make up a model's settings; what is not given stays as it is.
struct ModelSettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the code is written in: \(ModelLanguage.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "language"), transform: Self.language)
    var language: ModelLanguage?

    @Option(
        help: ArgumentHelp("Parameter definitions in the API's JSON form: {\"createState\": [...], ...}; - is standard input.", valueName: "file"))
    var definitions: String?

    @Option(help: ArgumentHelp("Time limit of loading the code.", valueName: "seconds"))
    var maxCodeStartupSeconds: Int?

    @Option(help: ArgumentHelp("Time limit of instantiateModel.", valueName: "seconds"))
    var maxInstantiateModelSeconds: Int?

    @Option(help: ArgumentHelp("Time limit of createModelState.", valueName: "seconds"))
    var maxCreateStateSeconds: Int?

    @Option(help: ArgumentHelp("Time limit of train.", valueName: "seconds"))
    var maxTrainSeconds: Int?

    @Option(help: ArgumentHelp("Time limit of evaluate.", valueName: "seconds"))
    var maxEvaluateSeconds: Int?

    @Option(help: ArgumentHelp("Cores for createState unless told otherwise there.", valueName: "cores"))
    var cpus: Double?

    @Option(help: ArgumentHelp("Memory for createState unless told otherwise there.", valueName: "MiB"))
    var memoryMebibytes: Int?

    private static func language(_ text: String) throws -> ModelLanguage {
        guard let language = ModelLanguage(rawValue: text) else { throw ValidationError("`\(text)` is none of the languages.") }
        return language
    }

    var isEmpty: Bool {
        language == nil && definitions == nil && cpus == nil && memoryMebibytes == nil
            && [maxCodeStartupSeconds, maxInstantiateModelSeconds, maxCreateStateSeconds, maxTrainSeconds, maxEvaluateSeconds]
                .allSatisfy { $0 == nil }
    }

    func apply(to settings: inout ModelSettings) async throws {
        if let language, language != settings.language {
            // The default image goes with the language.
            if settings.image == ModelSettings(language: settings.language).image {
                settings.image = ModelSettings(language: language).image
            }
            settings.language = language
        }
        if let definitions { settings.parameterDefinitions = try await DefinitionsFile.read(definitions) }
        if let cpus { settings.createStateLauncher.cpus = cpus }
        if let memoryMebibytes { settings.createStateLauncher.memoryMebibytes = memoryMebibytes }
        var limits = settings.maxDurations
        limits.codeStartupSeconds = maxCodeStartupSeconds ?? limits.codeStartupSeconds
        limits.instantiateModelSeconds = maxInstantiateModelSeconds ?? limits.instantiateModelSeconds
        limits.createStateSeconds = maxCreateStateSeconds ?? limits.createStateSeconds
        limits.trainSeconds = maxTrainSeconds ?? limits.trainSeconds
        limits.evaluateSeconds = maxEvaluateSeconds ?? limits.evaluateSeconds
        settings.maxDurations = limits
    }
}

