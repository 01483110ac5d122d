import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// What every runtime must do alike.
@Suite struct ConformanceTests {
    typealias Runtime = RuntimeUnderTest

    private static let tensors = [Tensor.scalar(Float(2)), Tensor.strings(["a", "é"]), Tensor([Int64](1...3))]
    private static let items = tensors.map { Array($0.bytes) }

    private static func state(_ values: [(String, [UInt8])]) -> [CallParameter] { values.map { CallParameter($0.0, [$0.1]) } }

    private static func mount(_ id: ModelID, note: String, state: [(String, [UInt8])] = []) -> Strata.MountedModel {
        let files = MadeFiles { try note.write(toFile: $0 + "/note.txt", atomically: false, encoding: .utf8) }
        return Strata.MountedModel(modelID: id, files: files, state: self.state(state))
    }

    // MARK: createModelState

    @Test(arguments: Runtime.all)
    func aStateIsMadeOfParametersAndMounts(runtime: Runtime) async throws {
        let other = ModelID.random()
        let large = SeededBytes.random(20 << 20, seed: 3)
        try await runtime.withSession { session in
            let receiver = RecordingReceiver()
            let parameters = [
                CallParameter("items", Self.items), CallParameter("none", [[UInt8]]()), CallParameter("", [[]]),
                CallParameter("large", [large]),
            ]
            let mounts = [Self.mount(other, note: "of the other", state: [("k", [1, 2]), ("empty", []), ("large", large)])]
            try await session.createModelState(
                CreateModelStateCall(parameters: parameters, otherModels: mounts), receiver: receiver)
            #expect(receiver.values["items"] == Self.items.flatMap(\.self))
            #expect(receiver.values["none"] == [] && receiver.values[""] == [])
            #expect(receiver.values["large"] == large)
            #expect(receiver.text("\(other)/note") == "of the other")
            #expect(receiver.values["\(other)/k"] == [1, 2] && receiver.values["\(other)/empty"] == [])
            #expect(receiver.values["\(other)/large"] == large)
            #expect(receiver.values.count == 8)
        }
    }

    @Test(arguments: Runtime.all)
    func oneSessionMakesManyStates(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            for number in 0..<20 {
                let receiver = RecordingReceiver()
                let tensor = Tensor.scalar(Int32(number))
                let call = CreateModelStateCall(parameters: [CallParameter("n", [tensor])], otherModels: [])
                try await session.createModelState(call, receiver: receiver)
                #expect(receiver.values == ["n": Array(tensor.bytes)])
            }
        }
    }

    @Test(arguments: Runtime.all)
    func anExceptionInCreateStateIsReportedAndTheSessionLivesOn(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            for _ in 0..<2 {
                let call = CreateModelStateCall(parameters: [CallParameter("raise", [[]])], otherModels: [])
                let error = await #expect(throws: ExecutionFailure.self) {
                    try await session.createModelState(call, receiver: RecordingReceiver())
                }
                guard case .exception(at: .createState, let details?) = error else { throw AnotherFailure(error) }
                #expect(details.contains("raised on request"))
            }
        }
    }

    @Test(arguments: Runtime.processes)
    func anExitIsReportedWithItsStatus(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let call = CreateModelStateCall(parameters: [CallParameter("exit", [[]])], otherModels: [])
            await #expect(throws: ExecutionFailure.codeTerminated(exitCode: 3, signal: nil, outOfMemory: false)) {
                try await session.createModelState(call, receiver: RecordingReceiver())
            }
        }
    }

    // MARK: Instances

    @Test(arguments: Runtime.all)
    func aStateIsLoadedAndReadBackUnchanged(runtime: Runtime) async throws {
        let values: [(String, [UInt8])] = [
            ("weights", SeededBytes.random(5 << 20, seed: 4)), ("empty", []), ("", [1]), ("ключ", [2]),
        ]
        try await runtime.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: Self.state(values)))
            for _ in 0..<2 {
                let receiver = RecordingReceiver()
                try await instance.getModelState(receiver: receiver)
                #expect(receiver.values == Dictionary(uniqueKeysWithValues: values))
            }
        }
    }

    @Test(arguments: Runtime.all)
    func anInstanceIsToldOfItsStateAndSeesTheFilesOfMounts(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let call = InstantiateModelCall(
                state: Self.state([("b", [1]), ("a", [2])]), otherModels: [Self.mount(.random(), note: "of the other")])
            let instance = try await session.instantiateModel(call)
            let error = await #expect(throws: ExecutionFailure.self) {
                _ = try await instance.evaluate([CallParameter("state", [Self.items[0]])], expecting: [])
            }
            guard case .exception(at: .evaluate, let details?) = error else { throw AnotherFailure(error) }
            #expect(details.contains("a,b;of the other"))
        }
    }

    @Test(arguments: Runtime.all)
    func evaluateAnswersWithTensors(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let outputs = try await instance.evaluate(
                [CallParameter("y", Self.items), CallParameter("none", [[UInt8]]())],
                expecting: [Strata.ParameterDefinition(name: "y", allowedTypes: ["f32"])])
            #expect(outputs.map(\.name) == ["y", "none"])
            #expect(outputs[0].items.map(\.bytes) == Self.items && outputs[1].items.isEmpty)
            #expect(outputs[0].items.map(\.elementType) == ["f32", "string", "i64"])
            #expect(outputs[0].items.map(\.shape) == [[], [2], [3]])
            #expect(try await instance.evaluate([], expecting: []) == [])
        }
    }

    @Test(arguments: Runtime.processes)
    func anOutputThatIsNoTensorIsInvalid(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let error = await #expect(throws: ExecutionFailure.self) {
                _ = try await instance.evaluate([CallParameter("y", [[0xff, 0xff]])], expecting: [])
            }
            guard case .invalidOutput(.invalid, let details) = error else { throw AnotherFailure(error) }
            #expect(details.contains("`y`"))
            // The conversation goes on.
            #expect(try await instance.evaluate([CallParameter("y", Self.items)], expecting: []).count == 1)
        }
    }

    @Test(arguments: Runtime.all)
    func trainingReportsProgressAndMetricsAndChangesTheState(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: Self.state([("w", [9])])))
            let observer = RecordingObserver()
            try await instance.train([CallParameter("x", Self.items)], observer: observer)
            let thirds = (1...3).map { Double($0) / 3 }
            #expect(observer.progress == thirds)
            #expect(observer.metrics.map(\.0) == ["seen", "seen", "seen"])
            #expect(observer.metrics.map(\.1.bytes) == Self.items)
            let receiver = RecordingReceiver()
            try await instance.getModelState(receiver: receiver)
            #expect(receiver.values == ["w": [9], "log": Self.items.flatMap(\.self)])
        }
    }

    @Test(arguments: Runtime.all)
    func anExceptionIsReportedAtItsStage(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let loading = await #expect(throws: ExecutionFailure.self) {
                _ = try await session.instantiateModel(InstantiateModelCall(state: Self.state([("raise", [])])))
            }
            guard case .exception(at: .instantiateModel, _?) = loading else { throw AnotherFailure(loading) }
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let training = await #expect(throws: ExecutionFailure.self) {
                try await instance.train([CallParameter("x", Self.items), CallParameter("raise", [[]])], observer: RecordingObserver())
            }
            guard case .exception(at: .train, let details?) = training else { throw AnotherFailure(training) }
            #expect(details.contains("raised on request"))
        }
    }

    @Test(arguments: Runtime.all)
    func aTrainingIsCancelledWhileItWaits(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let instance = try await session.instantiateModel(InstantiateModelCall(state: []))
            let (reported, continuation) = AsyncStream<Void>.makeStream()
            let observer = RecordingObserver { continuation.yield() }
            let training = Task {
                defer { continuation.finish() }
                try await instance.train([CallParameter("x", [Self.items[0]]), CallParameter("wait", [[]])], observer: observer)
            }
            for await _ in reported { break }
            training.cancel()
            // A program that can be asked stops by itself; others are ended with their session.
            _ = await training.result
            #expect(observer.progress == [1])
        }
    }

    @Test(arguments: Runtime.all)
    func severalInstancesLiveSideBySideUntilTheyAreDisposedOf(runtime: Runtime) async throws {
        try await runtime.withSession { session in
            let first = try await session.instantiateModel(InstantiateModelCall(state: Self.state([("n", [1])])))
            let second = try await session.instantiateModel(InstantiateModelCall(state: Self.state([("n", [2])])))
            for (instance, value) in [(first, UInt8(1)), (second, 2), (first, 1)] {
                let receiver = RecordingReceiver()
                try await instance.getModelState(receiver: receiver)
                #expect(receiver.values == ["n": [value]])
            }
            await first.dispose()
            let receiver = RecordingReceiver()
            try await second.getModelState(receiver: receiver)
            #expect(receiver.values == ["n": [2]])
        }
    }
}
