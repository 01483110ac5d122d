import Strata

/// How long an operation's phases took, in the API's names.
struct DurationsView: Encodable {
    let total: Int
    let createLauncher: Int?
    let codeStartup: Int?
    let createState: Int?
    let createInstantiatedModel: Int?
    let train: Int?
    let getState: Int?
    let evaluate: Int?

    init(_ durations: OperationDurations) {
        total = durations.totalMilliseconds
        createLauncher = durations.createLauncherMilliseconds
        codeStartup = durations.codeStartupMilliseconds
        createState = durations.createStateMilliseconds
        createInstantiatedModel = durations.instantiateModelMilliseconds
        train = durations.trainMilliseconds
        getState = durations.getStateMilliseconds
        evaluate = durations.evaluateMilliseconds
    }

    static let fields: [JSONField] = [
        .init("durations.total", "whole milliseconds"),
        .init("durations.createLauncher", "of acquiring the launcher, where that happened"),
        .init("durations.codeStartup", "of loading the code, where that happened"),
        .init("durations.createState", "of createModelState and the commit, where that happened"),
        .init("durations.createInstantiatedModel", "of loading the state, where that happened"),
        .init("durations.train", "of training, where that happened"),
        .init("durations.getState", "of getModelState and the commit, where that happened"),
        .init("durations.evaluate", "of evaluating, where that happened"),
    ]

    /// `code start-up 0.42 s, training 3.10 s`.
    var text: String {
        let phases = [
            ("code start-up", codeStartup), ("creating", createState), ("loading", createInstantiatedModel), ("training", train),
            ("getting the state", getState), ("evaluating", evaluate),
        ]
        return phases.compactMap { name, value in value.map { "\(name) \(Text.duration(milliseconds: $0))" } }.joined(separator: ", ")
    }
}

/// Why an operation failed, in the API's names.
enum FailureFields {
    static let fields: [JSONField] = [
        .init("error.code", "the API's name of the failure, such as exception or code_terminated"),
        .init("error.at", "the phase, such as codeStartup, train or evaluate"), .init("error.exceptionDetails", "the traceback"),
        .init("error.exitCode", "how the process exited"), .init("error.signal", "what ended the process"),
        .init("error.oom", "whether the memory limit did"),
        .init("error.reason", "of an output that is not what it must be: invalid or not_applicable_to_parameter_definitions"),
        .init("error.details", "the same as a sentence"),
    ]
}
