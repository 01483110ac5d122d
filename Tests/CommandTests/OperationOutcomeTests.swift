import DecthingsAPI
import Foundation
import Testing

@testable import Strata
@testable import StrataCommand

/// What `train`, `evaluate` and `operations` print.
@Suite struct OperationOutcomeTests {
    private static let durations: OperationDurations = {
        var durations = OperationDurations(
            totalMilliseconds: 900, createLauncherMilliseconds: 1, codeStartupMilliseconds: 2, createStateMilliseconds: 3)
        durations.instantiateModelMilliseconds = 4
        durations.trainMilliseconds = 500
        durations.getStateMilliseconds = 6
        durations.evaluateMilliseconds = 7
        return durations
    }()

    private static let failures: [ExecutionFailure] = [
        .exception(at: .train, details: "Traceback"), .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false),
        .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: true), .maxDurationExceeded(at: .getState), .cancelled,
        .invalidOutput(.notApplicableToParameterDefinitions, details: "too many"),
    ]

    private static func paths(_ document: some JSONDocument) throws -> Set<String> {
        DocumentationTests.paths(try JSONValue.parse(Array(JSONText.encode(document).utf8)))
    }

    private static func expectDocumented<Document: JSONDocument>(_ document: Document, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let unknown = try paths(document).subtracting(Document.fields.map(\.path))
        #expect(unknown.isEmpty, sourceLocation: sourceLocation)
    }

    @Test func aTrainingTellsItsStateAndItsPhases() throws {
        let id = OperationID.random()
        let success = TrainingOutcome(id, .success(stateID: .random(), durations: Self.durations))
        try Self.expectDocumented(success)
        #expect(try Self.paths(success).isSuperset(of: ["trainingSessionId", "success.stateId", "success.durations.train", "success.durations.getState"]))
        for failure in Self.failures { try Self.expectDocumented(TrainingOutcome(id, .failed(failure, durations: Self.durations))) }
        let state = State(
            id: .random(), modelID: .random(), name: "tuned", createdAtMilliseconds: 0, keys: [StateKey(key: "w", sizeBytes: 2048)],
            isActive: true, baseStateID: nil, trainingOperations: [], mounts: [], isBeingDeleted: false)
        let text = TrainingOutcome.text(state, DurationsView(Self.durations))
        #expect(text.contains("`tuned`") && text.contains("1 key, 2.0 KiB in 900 ms") && text.contains("training 500 ms") && text.hasSuffix("active now"))
    }

    @Test func anEvaluationTellsItsOutputs() throws {
        func outcome(_ outcome: Result<[EvaluationOutput], ExecutionFailure>) throws -> EvaluationOutcome {
            try EvaluationOutcome(
                Strata.EvaluateResult(
                    id: .random(), location: .temporaryLauncher(Strata.LauncherSpec()), durations: Self.durations, outcome: outcome))
        }
        let items = [Item(Tensor([Float(1), 2.5])), Item(Tensor.scalar(Int64(7)))]
        let success = try outcome(.success([EvaluationOutput(name: "y", items: items), EvaluationOutput(name: "none", items: [])]))
        try Self.expectDocumented(success)
        let text = success.text
        #expect(text.contains("[2]") && text.contains("1, 2.5") && text.contains("i64") && text.contains("7") && text.contains("no items"))
        for failure in Self.failures { try Self.expectDocumented(try outcome(.failure(failure))) }
        #expect(try outcome(.success([])).text == "the model gave no output")
    }
}
