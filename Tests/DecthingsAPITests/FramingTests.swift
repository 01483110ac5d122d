import DecthingsAPI
import Testing

@Suite struct FramingTests {
    @Test(arguments: [
        (0, "00"), (252, "fc"), (253, "fd 00 fd"), (255, "fd 00 ff"), (65535, "fd ff ff"), (65536, "fe 00 01 00 00"),
        (65537, "fe 00 01 00 01"), (4_294_967_295, "fe ff ff ff ff"), (4_294_967_296, "ff 00 00 00 01 00 00 00 00"),
        (4_294_967_297, "ff 00 00 00 01 00 00 00 01"), (UInt64.max, "ff ff ff ff ff ff ff ff ff"),
    ] as [(UInt64, String)])
    func varintsHaveTheKnownBytes(value: UInt64, text: String) throws {
        #expect(Varint.encoded(value) == hex(text))
        #expect(Varint.sizeBytes(of: value) == hex(text).count)
        var position = 0
        #expect(try Varint.decode(hex(text).span, at: &position) == value)
        #expect(position == hex(text).count)
        for count in 0..<hex(text).count {
            let cut = Array(hex(text).prefix(count))
            #expect(throws: WireError.self) {
                var position = 0
                _ = try Varint.decode(cut.span, at: &position)
            }
        }
    }

    @Test func longVarintsAreAccepted() throws {
        var position = 0
        #expect(try Varint.decode(hex("fd 00 05").span, at: &position) == 5)
    }

    static let threeProviders =
        #"{"modelId": "m", "params": [{"name": "x"}, {"name": "d", "data": {"type": "dataset", "datasetId": "D", "datasetKey": "k"}}, {"name": "y"}]}"#

    /// The worked requests of the wire specification: bytes, JSON, blobs.
    static let requests: [([UInt8], String, [[UInt8]])] = [
        request("00 10", #"{"modelId": "m"}"#, []),
        request("02 8b 0c 00", threeProviders, [hex("01 00 00 00 c0 3f 01 00 00 00 00 40"), []]),
        request("02 2e 03 00", #"{"modelId": "m1", "stateKeyNames": ["a", "b"]}"#, [[1, 2, 3], []]),
        request("01 fd 01 03 fd 01 2c", longJSON, [[UInt8](repeating: 7, count: 300)]),
        request("00 19", #"{"name": "h\u00e9\u00e9"}"#, []),
        request(
            "02 26 06 06", #"{"datasetId": "d", "keys": ["a", "b"]}"#,
            [hex("0b 00 03 02 68 69"), hex("01 00 00 00 80 3f")]),
    ]

    private static func request(_ head: String, _ json: String, _ blobs: [[UInt8]]) -> ([UInt8], String, [[UInt8]]) {
        (hex(head) + Array(json.utf8) + Array(blobs.joined()), json, blobs)
    }

    static let longJSON = #"{"k": ""# + String(repeating: "z", count: 250) + #""}"#

    @Test(arguments: requests)
    func workedRequestsDecodeAndEncode(bytes: [UInt8], json: String, blobs: [[UInt8]]) throws {
        let frame = try RequestFrame(decoding: bytes[...])
        #expect(frame.json.elementsEqual(json.utf8))
        #expect(frame.blobs.map(Array.init) == blobs)
        #expect(frame.encoded() == bytes)
        let head = RequestFrame.encodedHead(json: Array(json.utf8), blobSizesBytes: blobs.map(\.count))
        #expect(head + Array(blobs.joined()) == bytes)
    }

    @Test(arguments: requests)
    func workedRequestsCutAnywhereOrContinuedAreErrors(bytes: [UInt8], json: String, blobs: [[UInt8]]) {
        for count in 0..<bytes.count {
            #expect(throws: WireError.self, "cut to \(count)") { try RequestFrame(decoding: bytes[..<count]) }
            #expect(throws: WireError.self, "cut to \(count)") {
                var decoder = RequestFrameDecoder()
                var input = bytes[..<count]
                while try decoder.next(from: &input) != nil {}
                try decoder.finish()
            }
        }
        #expect(wireError { () throws(WireError) in try RequestFrame(decoding: (bytes + [0])[...]) }?.code == .trailingBytes)
    }

    /// Decodes piece by piece and puts the pieces of each blob together again.
    private func collect(_ bytes: [UInt8], seed: UInt64) throws -> (RequestFrameDecoder.Event?, [UInt8], [[UInt8]], Bool) {
        var decoder = RequestFrameDecoder()
        var lengths: RequestFrameDecoder.Event?
        var json: [UInt8] = []
        var blobs: [[UInt8]] = []
        var ended = false
        for piece in pieces(bytes, seed: seed) {
            var input = piece
            while let event = try decoder.next(from: &input) {
                switch event {
                case .lengths: lengths = event
                case .json(let text): json = text
                case .blobStart(let index, _):
                    #expect(index == blobs.count)
                    blobs.append([])
                case .blobBytes(let part): blobs[blobs.count - 1] += part
                case .blobEnd(let index): #expect(index == blobs.count - 1)
                case .end: ended = true
                }
            }
        }
        try decoder.finish()
        return (lengths, json, blobs, ended)
    }

    @Test(arguments: 0...25 as ClosedRange<UInt64>)
    func requestsInPiecesGiveWhatTheWholeGives(seed: UInt64) throws {
        for (bytes, json, blobs) in Self.requests {
            let (lengths, text, parts, ended) = try collect(bytes, seed: seed)
            #expect(
                lengths == .lengths(jsonSizeBytes: json.utf8.count, blobSizesBytes: blobs.map(\.count)), "seed \(seed)")
            #expect(text == Array(json.utf8) && parts == blobs && ended, "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("00 ff ff ff ff ff ff ff ff ff", WireError.Code.limitExceeded),
        ("01 02 ff ff ff ff ff ff ff ff ff 7b 7d", .limitExceeded),
        ("02 02 fe 40 00 00 00 fe 40 00 00 00 7b 7d", .truncated),
        ("00 00 00", .trailingBytes),
    ])
    func hostileRequestLengthsAreRefusedWithoutAllocating(text: String, code: WireError.Code) {
        #expect(wireError { () throws(WireError) in try RequestFrame(decoding: hex(text)[...]) }?.code == code)
        var decoder = RequestFrameDecoder()
        var input = hex(text)[...]
        let error = wireError { () throws(WireError) in
            while try decoder.next(from: &input) != nil {}
            try decoder.finish()
        }
        #expect(error?.code == code)
    }

    @Test func aFailedDecoderStaysFailed() {
        var decoder = RequestFrameDecoder(limits: FrameLimits(jsonSizeBytesMax: 4))
        var input = hex("00 05 00")[...]
        let first = wireError { () throws(WireError) in try decoder.next(from: &input) }
        let second = wireError { () throws(WireError) in try decoder.next(from: &input) }
        #expect(first?.code == .limitExceeded && first?.byteOffset == 1)
        #expect(first == second)
        #expect(wireError { () throws(WireError) in try decoder.finish() } == first)
    }

    @Test func workedResponsesDecodeAndEncode() throws {
        let text = Array(#"{"result":{"stateKeyNames":["a","b"]}}"#.utf8)
        let bytes = hex("26") + text + hex("02 01 02 00")
        let json = try Envelope(result: StateKeysResult(stateKeyNames: ["a", "b"])).serialized()
        let frame = ResponseFrame(json: json, blobs: [[1, 2], []])
        #expect(frame.encoded() == bytes)
        #expect(bytes.count == 43)
        #expect(try ResponseFrame(decoding: bytes[...]) == frame)
        var streamed = ResponseFrame.encodedHead(json: json)
        streamed += ResponseFrame.encodedBlobPrefix(sizeBytes: 2) + [1, 2]
        streamed += ResponseFrame.encodedBlobPrefix(sizeBytes: 0)
        #expect(streamed == bytes)
        #expect(ResponseFrame.sizeBytes(jsonSizeBytes: json.count, blobSizesBytes: [2, 0]) == bytes.count)
        let cut = wireError { () throws(WireError) in try ResponseFrame(decoding: bytes[..<41]) }
        #expect(cut?.code == .truncated)
    }

    @Test func workedEnvelopesDecodeAndEncode() throws {
        let failure = hex(
            "24 7b 22 65 72 72 6f 72 22 3a 7b 22 63 6f 64 65 22 3a 22 62 61 64 5f 63 72 65 64 65 6e 74 69 61 6c 73 22 7d 7d")
        let error = Envelope.error(APIError(.badCredentials))
        #expect(ResponseFrame(json: error.serialized()).encoded() == failure)
        #expect(try Envelope(decoding: try ResponseFrame(decoding: failure[...]).json) == error)
        let empty = hex("0d 7b 22 72 65 73 75 6c 74 22 3a 7b 7d 7d")
        #expect(ResponseFrame(json: Envelope.emptyResult.serialized()).encoded() == empty)
        #expect(try Envelope(result: EmptyResult()) == .emptyResult)
        #expect(throws: WireError.self) { try Envelope(decoding: Array(#"{"result":{},"error":null}"#.utf8)[...]) }
    }

    @Test func workedWebSocketMessagesDecodeAndEncode() throws {
        let call = hex(
            "00 00 01 02 01 3c 02 7b 22 61 70 69 22 3a 20 22 46 53 22 2c 20 22 6d 65 74 68 6f 64 22 3a 20 22 72 65 61 64 22 2c 20 22 61 70 69 4b 65 79 22 3a 20 22 6b 22 2c 20 22 70 61 72 61 6d 73 22 3a 20 7b 7d 7d aa bb")
        let request = try WebSocketRequestFrame(decoding: call[...])
        #expect(request.requestID == 258 && request.body.blobs == [[0xaa, 0xbb]])
        #expect(request.encoded() == call)
        let decoded = try JSONValue.parse(request.body.json).decode(WebSocketCall.self)
        #expect(decoded == WebSocketCall(api: "FS", method: "read", params: .object([:]), apiKey: "k"))
        let response = hex("00 00 00 00 07 0d 7b 22 72 65 73 75 6c 74 22 3a 7b 7d 7d")
        let answer = WebSocketServerFrame.response(
            requestID: 7, ResponseFrame(json: Envelope.emptyResult.serialized()))
        #expect(answer.encoded() == response)
        #expect(try WebSocketServerFrame(decoding: response[...]) == answer)
        let event = hex(
            "01 08 54 65 72 6d 69 6e 61 6c 34 7b 22 65 76 65 6e 74 22 3a 22 64 61 74 61 22 2c 22 70 61 72 61 6d 73 22 3a 7b 22 74 65 72 6d 69 6e 61 6c 53 65 73 73 69 6f 6e 49 64 22 3a 22 74 31 22 7d 7d 03 6f 6b 0a")
        let made = WebSocketServerFrame.event(
            api: "Terminal", name: "data", params: ["terminalSessionId": "t1"], blobs: [hex("6f 6b 0a")[...]])
        #expect(made.encoded() == event)
        #expect(try WebSocketServerFrame(decoding: event[...]) == made)
        for count in 0..<call.count {
            #expect(throws: WireError.self) { try WebSocketRequestFrame(decoding: call[..<count]) }
        }
    }
}
