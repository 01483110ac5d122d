import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import Testing

/// Healthy conversations with the real Python runtime.
@Suite struct ConversationTests {
    private static func bytes(of value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    @Test func anOrdinaryModelMakesAState() async throws {
        var run = ModelRun("scaler")
        let mounted = ModelID.random()
        run.parameters = [
            CallParameter("weight", [Tensor.scalar(Float(2))]), CallParameter("label", [Tensor.scalar("demo")]),
        ]
        run.otherModels = [
            MountedModel(
                modelID: mounted, files: Fixture.files("no_model"),
                state: [CallParameter("weight", [Self.bytes(of: Float(0.5).bitPattern)])])
        ]
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.values["weight"] == Self.bytes(of: Float(2.5).bitPattern))
        #expect(outcome.receiver.text("meta")?.contains("\"label\": \"demo\"") == true)
        #expect(outcome.receiver.text("meta")?.contains("\(mounted)") == true)
        print("start-up took \(outcome.startTime), terminating \(outcome.terminateTime)")
    }

    @Test func everyTensorTypeArrivesInTheRuntimesOwnLayout() async throws {
        let numbers = ElementType.allCases.compactMap { type in
            type.elementSizeBytes.map { size in
                Tensor(type: type, shape: [2], elementBytes: [UInt8](repeating: 1, count: 2 * size))
            }
        }
        let jpeg = [MediaElement(format: "jpeg", data: [0x89, 0x50]), MediaElement(format: "x", data: [])]
        let large = MediaElement(format: "webp", data: [UInt8](repeating: 7, count: 3 << 20))
        let others = [
            Tensor.strings(["a", "é"]),
            Tensor.binary([[1, 2], []]),
            Tensor.media(.image, jpeg),
            Tensor.media(.audio, []),
            Tensor.media(.video, [large]),
        ]
        let tensors: [Tensor] = numbers + others
        #expect(Set(tensors.map(\.type)).count == 16)

        var run = ModelRun("echo_params")
        run.parameters = tensors.map { CallParameter($0.type.name, [$0, $0]) }
        run.parameters.append(CallParameter("none", [[UInt8]]()))
        run.parameters.append(CallParameter(name: "", items: MemoryItems([Array(others[4].bytes)], pieceSizeBytes: 777)))
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        for tensor in tensors {
            let expected = Array(tensor.encoded(for: .threeByteFormat))
            #expect(outcome.receiver.values[tensor.type.name] == expected + expected, "\(tensor.type)")
        }
        #expect(outcome.receiver.values["none"] == [])
        #expect(outcome.receiver.values[""] == Array(others[4].encoded(for: .threeByteFormat)))
        #expect(outcome.receiver.values.count == 18)
    }

    @Test func manySmallItemsAndOneLargeItemArrive() async throws {
        var run = ModelRun("echo_params")
        let small = (0..<5000).map { Tensor.scalar(Int32($0)) }
        run.parameters = [
            CallParameter("small", small), CallParameter(name: "large", items: ZeroItem(sizeBytes: 48 << 20)),
        ]
        run.receiver = RecordingReceiver(keepsValues: false)
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.sizes == ["small": 30000, "large": 48 << 20])
    }

    @Test func filesAndStatesOfMountsArriveWhole() async throws {
        let files = MadeFiles { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: false)
            try "text".write(toFile: folder + "/data/a.txt", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "data/a.txt")
            try FileManager.default.createSymbolicLink(atPath: folder + "/outside", withDestinationPath: "/nowhere")
        }
        let ids = [ModelID.random(), ModelID.random()]
        var run = ModelRun("reads_mounts")
        run.otherModels = [
            MountedModel(modelID: ids[0], files: files, state: [CallParameter("k", [[0, 255]]), CallParameter("", [[]])]),
            MountedModel(modelID: ids[1], files: MadeFiles { _ in }, state: []),
        ]
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        let listing =
            #"{"data": "directory", "data/a.txt": "text", "link": "-> data/a.txt", "outside": "-> /nowhere"}"#
        #expect(outcome.receiver.text("\(ids[0])/files") == listing)
        #expect(outcome.receiver.values["\(ids[0])/state/k"] == [0, 255])
        #expect(outcome.receiver.values["\(ids[0])/state/"] == [])
        #expect(outcome.receiver.text("\(ids[1])/files") == "{}")
    }

    /// 256 MiB pass through the host in pieces, while a slow receiver holds the model back. In a process of its own, whose
    /// memory is nobody else's.
    @Test func aLargeValueTakesLittleMemory() async throws {
        await #expect(processExitsWith: .success) { try await Self.passLargeValue() }
    }

    private static func passLargeValue() async throws {
        let mebibytes = 256
        let before = Leftovers.residentBytes()
        let peak = Box<Int>()
        peak.set(before)
        let wrong = Box<Int>()
        var run = ModelRun("large_value")
        // The model itself holds the value several times.
        run.spec.memoryMebibytes = 2048
        run.parameters = [CallParameter("mebibytes", [Tensor.scalar(Int64(mebibytes))])]
        run.receiver = RecordingReceiver(keepsValues: false, delay: .milliseconds(1)) { offset, piece in
            peak.set(max(peak.get() ?? 0, Leftovers.residentBytes()))
            let skipped = (8 - offset % 8) % 8
            guard piece.count >= skipped + 8 else { return }
            let word = piece.dropFirst(skipped).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if word != UInt64((offset + skipped) / 8) &* 0x9E37_79B9_7F4A_7C15 { wrong.set(offset) }
        }
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        #expect(wrong.get() == nil)
        #expect(outcome.receiver.sizes == ["value": mebibytes << 20])
        #expect(outcome.receiver.largestPiece <= 1 << 20)
        let growth = (peak.get() ?? 0) - before
        #expect(growth < 64 << 20, "grew by \(growth >> 20) MiB")
    }

    @Test func aNoisyModelIsDrainedAndItsOutputKeptWithinBounds() async throws {
        let outcome = try await ModelRun("noisy").run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.text("done") == "yes")
        for output in [outcome.output?.standardOutput, outcome.output?.standardError] {
            let output = try #require(output)
            #expect(output.sizeBytes >= 4 << 20)
            #expect(output.text.utf8.count < 2 * output.partSizeBytesMax + 64)
            #expect(output.text.contains("bytes left out"))
        }
    }

    @Test func eightSessionsRunAtOnce() async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        configuration.launchersMax = 8
        let executor = ProcessExecutor(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var run = ModelRun("echo_params")
                    run.parameters = [CallParameter("n", [Self.bytes(of: UInt32(number))])]
                    let outcome = await run.operate(executor)
                    #expect(outcome.error == nil)
                    #expect(outcome.receiver.values == ["n": Self.bytes(of: UInt32(number))])
                }
            }
            try await group.waitForAll()
        }
        #expect(Leftovers.processes(below: root).isEmpty)
        #expect(Leftovers.files(below: root).isEmpty)
    }
}
