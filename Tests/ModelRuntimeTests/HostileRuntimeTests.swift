import Foundation
import ModelRuntime
import Strata
import Testing

/// Processes that break the protocol, on purpose or by defect.
@Suite struct HostileRuntimeTests {
    private static let parameters = [
        CallParameter("p", [[1, 2], [3, 4, 5]]), CallParameter("q", [[UInt8](repeating: 0, count: 1 << 20)]),
    ]

    private func run(
        _ behaviour: String, limit: Duration = .seconds(60), parameters: [CallParameter] = parameters
    ) async throws -> ModelRun.Outcome {
        var run = ModelRun("scaler")
        run.parameters = parameters
        run.startLimit = limit
        run.createLimit = limit
        run.configure = {
            $0.pythonPath = Fixture.models + "/hostile_runtime/runtime.py"
            $0.pythonArguments = [behaviour, "2", "3"]
        }
        return try await run.run()
    }

    @Test(arguments: [
        "unknown_messages", "unknown_dataset", "shuffles", "second_connection", "byte_by_byte", "exits_after_answer",
        "asks_and_exits_after_answer",
    ])
    func whatCanBeBorneDoesNotFailTheCall(behaviour: String) async throws {
        let outcome = try await run(behaviour)
        #expect(outcome.error == nil)
        #expect(outcome.receiver.values == ["a": [UInt8(ascii: "1")]])
    }

    @Test(arguments: [
        "garbage_first_byte", "huge_json_length", "json_too_long", "huge_blob_count", "broken_json", "no_utf8",
        "half_frame_and_close", "value_huge", "fewer_blobs_than_names", "floods_requests", "answer_is_no_object",
        "closes_in_call",
    ])
    func aBrokenProtocolIsUnknownAndEndsTheProcess(behaviour: String) async throws {
        let outcome = try await run(behaviour)
        guard case .unknown(let reason) = outcome.failure else {
            return #expect(Bool(false), "\(behaviour): \(String(describing: outcome.error))")
        }
        #expect(!reason.isEmpty)
    }

    @Test(arguments: [("half_frame_and_exit", 7), ("exits_before_connecting", 9)])
    func anExitInsideAFrameOrBeforeAnyIsReportedWithItsCode(behaviour: String, code: Int32) async throws {
        let outcome = try await run(behaviour)
        #expect(outcome.failure == .codeTerminated(exitCode: code, signal: nil, outOfMemory: false))
    }

    @Test(arguments: ["half_frame", "never_connects"])
    func silenceIsCutAtTheLimit(behaviour: String) async throws {
        let limit = try #require(try await run(behaviour, limit: .seconds(1)).error as? ModelRun.LimitReached)
        #expect(limit.phase == .codeStartup)
        #expect(limit.delay < .seconds(1))
    }

    @Test func aValueAboveTheBoundIsRefusedByTheReceiverBeforeItsBytes() async throws {
        #expect(try await run("value_too_large").error is ProvidedStateError)
    }

    @Test func anErrorThatIsABareStringIsAnException() async throws {
        let failure = try await run("bare_string_error").failure
        #expect(failure == .exception(at: .createState, details: "instantiated_model_not_found"))
    }

    @Test(arguments: [("long_details_at_start", ExecutionPhase.codeStartup), ("long_details", .createState)])
    func aVeryLongTraceIsCutBetweenCharacters(behaviour: String, phase: ExecutionPhase) async throws {
        let failure = try await run(behaviour).failure
        guard case .exception(at: phase, let details?) = failure else { throw AnotherFailure(failure) }
        #expect(details.utf8.count <= 64 << 10 && details.utf8.count > 60 << 10)
        #expect(details.hasPrefix("first éé") && details.hasSuffix("éé last") && details.contains("bytes left out"))
        #expect(Set(details).isSubset(of: Set("first last [0123456789 bytes left out]\né")))
    }

    /// The process does not read: a write of the host is stuck in the full socket when the limit comes.
    @Test func aStuckWriteIsCutAtItsLimit() async throws {
        let many = (0..<10_000).map { CallParameter("parameter with a rather long name \($0)", [[UInt8]]()) }
        let outcome = try await run("never_reads", limit: .seconds(5), parameters: many)
        let limit = try #require(outcome.error as? ModelRun.LimitReached)
        #expect(limit.phase == .createState)
        #expect(limit.delay < .seconds(1))
    }

    /// Items are written into a full socket while the state still flows the other way.
    @Test func aProcessThatSendsBeforeItReadsIsNotStuck() async throws {
        let outcome = try await run("sends_before_it_reads")
        #expect(outcome.error == nil)
        #expect(outcome.receiver.sizes == ["large": 8 << 20, "a": 1])
    }
}
