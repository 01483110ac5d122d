import Foundation
import ModelRuntime
import Strata
import Testing

/// Programs that do not read what they are sent, or late: frames stay whole, and nobody waits for ever.
@Suite struct SlowReaderTests: LauncherSuite {
    private static let code = ModelCode(
        modelID: .random(), language: .rust, files: Fixture.files("slow_reader"), filesIdentity: "1")

    /// More than a socket and the host's own writes hold.
    private static func large(_ name: String) -> CallParameter { CallParameter(name, [[UInt8](repeating: 7, count: 12 << 20)]) }

    private static func withSession(_ body: @Sendable @escaping (any ModelSession) async throws -> Void) async throws {
        try await withExecutor { executor, _ in
            let launcher = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec()))
            do {
                let session = try await launcher.start(code)
                let result = await outcome(within: .seconds(90)) { try await body(session) }
                await session.terminate(reusable: false)
                await launcher.release()
                try #require(result != nil, "it never ends")
                try result?.get()
            } catch {
                await launcher.release()
                throw error
            }
        }
    }

    @Test func anItemThatIsReadAfterTheAnswerIsFinishedBeforeTheNextCommand() async throws {
        try await Self.withSession { session in
            for _ in 0..<2 {
                for parameters in [[Self.large("late")], []] {
                    let receiver = RecordingReceiver()
                    try await session.createModelState(
                        CreateModelStateCall(parameters: parameters, otherModels: []), receiver: receiver)
                    #expect(receiver.values == ["a": [49]])
                }
            }
        }
    }

    @Test func afterAnItemThatIsNeverReadNothingMoreIsSaidAndTheReasonIs() async throws {
        try await Self.withSession { session in
            let receiver = RecordingReceiver()
            try await session.createModelState(
                CreateModelStateCall(parameters: [Self.large("deaf")], otherModels: []), receiver: receiver)
            #expect(receiver.values == ["a": [49]], "the answer was whole")
            let error = await #expect(throws: ExecutionFailure.self) {
                try await session.createModelState(CreateModelStateCall(parameters: [], otherModels: []), receiver: RecordingReceiver())
            }
            guard case .unknown(let reason) = error else { throw AnotherFailure(error) }
            #expect(reason.contains("did not read the items"))
        }
    }

    @Test func aProcessThatDoesNotReadIsNotKeptForLater() async throws {
        try await Self.withExecutor { executor, _ in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            for _ in 0..<2 {
                let operation = await outcome(within: .seconds(90)) {
                    try await Self.operate(
                        executor, .persistentLauncher(id), Self.code, parameters: [Self.large("deaf")])
                }
                #expect(try operation?.get().isCodeReused == false)
            }
        }
    }

    @Test func theWishToStopATrainingWaitsForTheEndOfAnItem() async throws {
        try await Self.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let reported = Gate()
            let training = Task {
                try await instance.train([Self.large("slow")], observer: RecordingObserver { reported.open() })
            }
            await reported.passed()
            training.cancel()
            // It stops in peace, which it can only when it has understood.
            try await training.value
            try await instance.getModelState(receiver: RecordingReceiver())
        }
    }

    @Test func aTrainingThatDoesNotReadIsCancelledAllTheSame() async throws {
        try await Self.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let reported = Gate()
            let training = Task {
                try await instance.train([Self.large("deaf")], observer: RecordingObserver { reported.open() })
            }
            await reported.passed()
            let begin = ContinuousClock.now
            training.cancel()
            let error = await #expect(throws: ExecutionFailure.self) { try await training.value }
            guard case .unknown(let reason) = error else { throw AnotherFailure(error) }
            #expect(reason.contains("did not read a command"))
            #expect(ContinuousClock.now - begin < .seconds(4))
        }
    }

    @Test func anInstanceOfAProcessThatDoesNotReadIsDisposedOfWithinSeconds() async throws {
        try await Self.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            #expect(try await instance.evaluate([Self.large("deaf")], expecting: []) == [])
            let begin = ContinuousClock.now
            await instance.dispose()
            #expect(ContinuousClock.now - begin < .seconds(3))
        }
    }
}
