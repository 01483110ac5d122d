import DecthingsAPI
import Testing

@Suite struct RuntimeFramingTests {
    /// Events with the pieces of each blob joined, so that ways of cutting the stream can be compared.
    private func events(_ bytes: [UInt8], seed: UInt64?, limits: FrameLimits = FrameLimits()) throws -> [RuntimeFrameDecoder.Event] {
        var decoder = RuntimeFrameDecoder(limits: limits)
        var events: [RuntimeFrameDecoder.Event] = []
        for piece in seed.map({ pieces(bytes, seed: $0) }) ?? [bytes[...]] {
            var input = piece
            while let event = try decoder.next(from: &input) {
                if case .blobBytes(let part) = event, case .blobBytes(let before)? = events.last {
                    events[events.count - 1] = .blobBytes(before + part)
                } else {
                    events.append(event)
                }
            }
        }
        try decoder.finish()
        return events
    }

    static let provide = #"{"event": "provideStateData", "params": {"commandId": "4", "names": ["weight", "meta"]}}"#
    static let request = #"{"event": "requestData", "requestId": 0, "dataset": "0", "startIndex": 0, "amount": 1}"#

    /// A stream as the Python runtime sends it: an event, a data event, a state of two keys, a result.
    static let stream: [UInt8] = {
        let initialized = Array(#"{"event": "modelSessionInitialized", "params": {}}"#.utf8)
        let result = Array(#"{"id": "0", "result": {}}"#.utf8)
        var bytes = hex("00 00 00 00 00 00 00 00 00 00 00 00 32") + initialized
        bytes += hex("00 01 00 00 00 00 00 00 00 56") + Array(request.utf8)
        bytes += hex("00 00 00 00 02 00 00 00 00 00 00 00 58") + Array(provide.utf8)
        bytes += hex("00 00 00 00 00 00 00 04 00 00 40 40 00 00 00 00 00 00 00 00 01")
        bytes += hex("00 00 00 00 00 00 00 00 00 00 00 00 19") + result
        return bytes + [0]
    }()

    static let expected: [RuntimeFrameDecoder.Event] = [
        .message(json: Array(#"{"event": "modelSessionInitialized", "params": {}}"#.utf8), blobCount: 0), .messageEnd,
        .dataEvent(json: Array(request.utf8)),
        .message(json: Array(provide.utf8), blobCount: 2),
        .blobStart(index: 0, sizeBytes: 4), .blobBytes([0, 0, 0x40, 0x40]), .blobEnd(index: 0),
        .blobStart(index: 1, sizeBytes: 0), .blobEnd(index: 1), .messageEnd,
        .message(json: Array(#"{"id": "0", "result": {}}"#.utf8), blobCount: 0), .messageEnd,
    ]

    @Test(arguments: [nil] + (0...40).map(UInt64?.init))
    func aStreamGivesTheSameEventsHoweverItIsCut(seed: UInt64?) throws {
        #expect(try events(Self.stream, seed: seed) == Self.expected, "seed \(String(describing: seed))")
    }

    @Test func aStreamThatEndsInsideAMessageIsTruncated() throws {
        var boundaries: Set<Int> = []
        for count in 0...Self.stream.count {
            var decoder = RuntimeFrameDecoder()
            var input = Self.stream[..<count]
            while try decoder.next(from: &input) != nil {}
            if decoder.isAtMessageBoundary { boundaries.insert(count) }
            let error = wireError { () throws(WireError) in try decoder.finish() }
            #expect((error == nil) == decoder.isAtMessageBoundary, "cut to \(count)")
        }
        #expect(boundaries.count == 5)
    }

    @Test(arguments: [
        "00 ff ff ff ff 00 00 00 00 00 00 00 02",  // blobs
        "00 00 00 00 01 ff ff ff ff ff ff ff ff",  // JSON
        "01 ff ff ff ff ff ff ff ff",  // JSON of a data event
        "00 00 00 00 01 00 00 00 00 00 00 00 02 7b 7d ff ff ff ff ff ff ff ff",  // blob
    ])
    func hostileLengthsAreRefused(text: String) {
        var decoder = RuntimeFrameDecoder()
        var input = hex(text)[...]
        let error = wireError { () throws(WireError) in while try decoder.next(from: &input) != nil {} }
        #expect(error?.code == .limitExceeded)
        #expect(wireError { () throws(WireError) in try decoder.next(from: &input) } == error)
    }

    @Test func anUnknownKindIsRefused() {
        #expect(throws: WireError.self) { try events([2], seed: nil) }
    }

    @Test func limitsAreWhatTheCallerSays() throws {
        let message = RuntimeFrames.processMessage(json: Array("{}".utf8), blobs: [[1, 2, 3]])
        #expect(throws: Never.self) { try events(message, seed: 0, limits: FrameLimits(blobCountMax: 1, blobSizeBytesMax: 3)) }
        #expect(throws: WireError.self) { try events(message, seed: 0, limits: FrameLimits(blobSizeBytesMax: 2)) }
        #expect(throws: WireError.self) { try events(message, seed: 0, limits: FrameLimits(blobCountMax: 0)) }
        #expect(throws: WireError.self) { try events(message, seed: 0, limits: FrameLimits(jsonSizeBytesMax: 1)) }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func noiseNeverTraps(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var noise = Self.stream
        for _ in 0..<5 { noise[Int.random(in: 0..<noise.count, using: &generator)] = .random(in: 0...255, using: &generator) }
        let whole = try? events(noise, seed: nil)
        #expect(whole == (try? events(noise, seed: seed)), "seed \(seed)")
    }

    @Test func commandsHaveTheTracedBytes() throws {
        let bytes = RuntimeFrames.command(.initialize(path: "/models/demo/main.py"))
        #expect(
            bytes == hex("00 00 00 00 00 00 00 00 40")
                + #"{"method":"initialize","params":{"path":"/models/demo/main.py"}}"#.utf8)
        let create = RuntimeFrames.command(
            .callCreateModelState(
                id: "0",
                params: [
                    RuntimeParameter(name: "weight", dataset: "0", amount: 1, totalByteSize: 6),
                    RuntimeParameter(name: "label", dataset: "1", amount: 1, totalByteSize: 8),
                ],
                otherModels: [
                    RuntimeOtherModel(
                        id: "mB", mountPath: "/mnt/mB",
                        state: [RuntimeParameter(name: "weight", dataset: "2", amount: 1, totalByteSize: 4)])
                ]))
        #expect(create.starts(with: hex("00 00 00 00 00 00 00 01 32")))
        #expect(
            try JSONValue.parse(create[9...]) == JSONValue.parse(
                Array(
                    #"{"method":"callCreateModelState","params":{"id":"0","params":[{"name":"weight","dataset":"0","amount":1,"totalByteSize":6},{"name":"label","dataset":"1","amount":1,"totalByteSize":8}],"otherModels":[{"id":"mB","mountPath":"/mnt/mB","state":[{"name":"weight","dataset":"2","amount":1,"totalByteSize":4}]}]}}"#
                        .utf8)))
    }

    /// Lengths of the JSON in the traces of the runtime specification.
    @Test(arguments: [
        (0xa5, RuntimeCommand.callEvaluate(id: "2", instantiatedModelID: "i0", params: [RuntimeParameter(name: "x", dataset: "5", amount: 3, totalByteSize: 18)], expectedOutputTypes: [])),
        (0xdb, .callTrain(id: "3", instantiatedModelID: "i0", trainingSessionID: "t0", params: [RuntimeParameter(name: "x", dataset: "6", amount: 2, totalByteSize: 12), RuntimeParameter(name: "y", dataset: "7", amount: 2, totalByteSize: 12)])),
        (0x4d, .callGetModelState(id: "4", instantiatedModelID: "i0")),
        (0x4f, .callDisposeInstantiatedModel(instantiatedModelID: "i0")),
        (
            0x105,
            .callInstantiateModel(
                id: "1", instantiatedModelID: "i0",
                state: [RuntimeParameter(name: "weight", dataset: "3", amount: 1, totalByteSize: 4), RuntimeParameter(name: "meta", dataset: "4", amount: 1, totalByteSize: 47)],
                otherModels: [RuntimeOtherModel(id: "mB", mountPath: "/mnt/mB")])
        ),
    ] as [(Int, RuntimeCommand)])
    func commandsHaveTheTracedLengths(length: Int, command: RuntimeCommand) {
        #expect(RuntimeFrames.command(command).count == 9 + length)
    }

    @Test func dataFramesHaveTheTracedBytes() {
        let traced = hex("01 00 00 00 05 00 00 00 02 00 00 00 00 00 00 00 06 01 00 00 00 80 3f 00 00 00 00 00 00 00 06 01 00 00 00 00 40")
        let items = [Tensor.scalar(Float(1)).bytes, Tensor.scalar(Float(2)).bytes]
        #expect(RuntimeFrames.data(requestID: 5, items: items) == traced)
        var streamed = RuntimeFrames.dataHead(requestID: 5, itemCount: 2)
        for item in items { streamed += RuntimeFrames.dataItemHead(sizeBytes: UInt64(item.count)) + item }
        #expect(streamed == traced)
    }

    @Test(arguments: [
        (#"{"event": "modelSessionInitialized", "params": {}}"#, RuntimeMessage.modelSessionInitialized(nil)),
        (
            #"{"event":"modelSessionInitialized","params":{"error":{"code":"exception","details":"boom"}}}"#,
            .modelSessionInitialized(RuntimeFailure(code: "exception", details: "boom"))
        ),
        (provide, .provideStateData(commandID: "4", names: ["weight", "meta"])),
        (#"{"event":"trainingProgress","params":{"trainingSessionId":"t","progress":0.5}}"#, .trainingProgress(trainingSessionID: "t", progress: 0.5)),
        (#"{"event":"trainingProgress","params":{"trainingSessionId":"t","progress":NaN}}"#, .trainingProgress(trainingSessionID: "t", progress: nil)),
        (#"{"event":"trainingProgress","params":{"trainingSessionId":"t","progress":-Infinity}}"#, .trainingProgress(trainingSessionID: "t", progress: nil)),
        (#"{"event":"trainingMetrics","params":{"trainingSessionId":"t","names":["a","a"]}}"#, .trainingMetrics(trainingSessionID: "t", names: ["a", "a"])),
        (#"{"event":"later","params":{}}"#, .unknownEvent(name: "later")),
        (#"{"id": "0", "result": {}}"#, .result(id: "0", .success(outputs: nil))),
        (
            #"{"id":"e","result":{"outputs":[{"name":"y","byteSizes":[6,6],"amount":2}]}}"#,
            .result(id: "e", .success(outputs: [RuntimeOutput(name: "y", byteSizes: [6, 6])]))
        ),
        (#"{"id": "5", "result": {"error": "instantiated_model_not_found"}}"#, .result(id: "5", .failure(RuntimeFailure(code: "instantiated_model_not_found")))),
        (#"{"id":"5","result":{"error":{"code":"exception"}}}"#, .result(id: "5", .failure(RuntimeFailure(code: "exception")))),
    ] as [(String, RuntimeMessage)])
    func messagesOfEveryRuntimeAreUnderstood(json: String, message: RuntimeMessage) throws {
        #expect(try RuntimeMessage(decoding: Array(json.utf8)) == message)
    }

    @Test func dataEventsAreUnderstoodAndNegativeOnesRefused() throws {
        #expect(
            try RuntimeDataEvent(decoding: Array(Self.request.utf8))
                == .requestData(requestID: 0, dataset: "0", startIndex: 0, amount: 1))
        #expect(
            try RuntimeDataEvent(decoding: Array(#"{"event":"shuffle","datasets":["a","b"]}"#.utf8))
                == .shuffle(datasets: ["a", "b"]))
        let negative = #"{"event":"requestData","requestId":0,"dataset":"0","startIndex":-1,"amount":1}"#
        #expect(throws: WireError.self) { try RuntimeDataEvent(decoding: Array(negative.utf8)) }
        #expect(throws: WireError.self) { try RuntimeMessage(decoding: Array("{}".utf8)) }
    }
}

/// What a Python runtime writes when a trace holds bytes that are no text.
@Suite struct LoneSurrogateTests {
    @Test func detailsAreRepaired() throws {
        let json = #"{"id":"0","result":{"error":{"code":"exception","details":"\udcff \ud800\u0041 \ud800\ud83d\ude00 \ud800"}}}"#
        let message = try RuntimeMessage(decoding: Array(json.utf8))
        let details = "\u{fffd} \u{fffd}A \u{fffd}\u{1F600} \u{fffd}"
        #expect(message == .result(id: "0", .failure(RuntimeFailure(code: "exception", details: details))))
    }

    @Test func namesAreNot() {
        let json = #"{"event":"provideStateData","params":{"commandId":"0","names":["\udcff"]}}"#
        #expect(throws: WireError.self) { try RuntimeMessage(decoding: Array(json.utf8)) }
        #expect(throws: WireError.self) { try JSONValue.parse(Array(#""\ud800\u0041""#.utf8)) }
    }
}
