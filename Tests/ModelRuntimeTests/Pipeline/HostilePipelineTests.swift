import ModelRuntime
import Strata
import Testing

/// Processes that break the protocol while the state that they send goes into a real store. `PipelineRun` checks after each
/// that nothing is left: no state, creation, pin, staged file or running record; no process and no folder.
@Suite struct HostilePipelineTests {
    private static func with(
        _ behaviour: String, limits: MaxDurations = MaxDurations(), _ body: @escaping @Sendable (PipelineRun) async throws -> Void
    ) async throws {
        let configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = {
            $0.pythonPath = Fixture.models + "/hostile_runtime/runtime.py"
            $0.pythonArguments = [behaviour, "3", "8"]
        }
        try await PipelineRun.with("scaler", limits: limits, configure: configure, body)
    }

    private static let parameters: [ParameterInput] = [
        .inline(
            name: "p",
            items: [
                Item(elementType: "u8", shape: [], bytes: [7, 0, 1]),
                Item(elementType: "u8", shape: [5], bytes: [7, 1, 5, 1, 2, 3, 4, 5]),
            ])
    ]

    /// The failure of a creation that mounts its own model, so that there are pins to give back.
    private static func failure(_ run: PipelineRun) async throws -> ExecutionFailure? {
        try await run.failure(parameters, mounts: [MountRequest(modelID: run.model)])?.0
    }

    @Test(arguments: [
        ("101_keys", "100 keys"), ("key_twice", "`a` twice"), ("key_twice_at_once", "`b` twice"), ("value_too_large", "1 GiB"),
        ("key_too_long", "100000 bytes"), ("keys_and_error", "given up"),
    ])
    func stateDataThatBreaksTheRulesOfStatesIsAnException(behaviour: String, words: String) async throws {
        try await Self.with(behaviour) { run in
            let failure = try await Self.failure(run)
            guard case .exception(at: .createState, let details)? = failure else { throw AnotherFailure(failure) }
            #expect(details?.contains(words) == true, "\(String(describing: details))")
        }
    }

    @Test(arguments: [
        "half_key_and_close", "closes_in_call", "fewer_blobs_than_names", "value_huge", "answer_is_no_object", "half_frame_and_close",
    ])
    func aStreamThatBreaksOffOrMakesNoSenseIsUnknown(behaviour: String) async throws {
        try await Self.with(behaviour) { run in
            let failure = try await Self.failure(run)
            guard case .unknown(let reason)? = failure else { throw AnotherFailure(failure) }
            #expect(!reason.isEmpty)
        }
    }

    @Test func anExitInsideAKeyIsReportedWithItsCode() async throws {
        try await Self.with("half_key_and_exit") { run in
            let failure = try await Self.failure(run)
            #expect(failure == .codeTerminated(exitCode: 7, signal: nil, outOfMemory: false))
        }
    }

    @Test func silenceInsideAKeyIsCutAtTheLimit() async throws {
        try await Self.with("half_key", limits: MaxDurations(createStateSeconds: 1)) { run in
            let failure = try await Self.failure(run)
            #expect(failure == .maxDurationExceeded(at: .createState))
        }
    }

    @Test(arguments: ["unknown_messages", "unknown_dataset", "exits_after_answer"])
    func whatBelongsToNoCallLeavesTheStateAsItWasSent(behaviour: String) async throws {
        try await Self.with(behaviour) { run in
            let result = try await run.create(Self.parameters, mounts: [MountRequest(modelID: run.model)])
            guard case .success(let id, _) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(try await run.store.state(id, of: run.model).keys.map(\.key) == ["a"])
            #expect(try await run.store.bytes(of: "a", in: id, of: run.model) == [UInt8(ascii: "1")])
        }
    }
}
