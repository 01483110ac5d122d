import DecthingsAPI
import Foundation
import NIOCore
import Strata
import Synchronization
import Testing

@testable import StrataServer

/// Calls over WebSocket (spec: wire.md section 7).
@Suite struct WebSocketTests {
    static func message(_ id: UInt32, _ method: String, _ params: String = "{}", blobs: [[UInt8]] = [], key: String? = nil) -> [UInt8] {
        let parts = method.split(separator: "/")
        let key = key.map { #","apiKey":"\#($0)""# } ?? ""
        let json = #"{"api":"\#(parts[0])","method":"\#(parts[1])","params":\#(params)\#(key)}"#
        return WebSocketRequestFrame(requestID: id, body: RequestFrame(json: Array(json.utf8), blobs: blobs.map { $0[...] })).encoded()
    }

    static func answer(_ client: WebSocketClient) async throws -> (id: UInt32, answer: TestServer.Answer) {
        let frame = try await client.receive()
        #expect(frame.opcode == 2)
        guard case .response(let id, let body) = try WebSocketServerFrame(decoding: frame.payload[...]) else {
            throw ClientSocket.Closed()
        }
        return (id, TestServer.Answer(envelope: try Envelope(decoding: body.json), blobs: body.blobs.map(Array.init)))
    }

    @Test func theSpecsMessagesAreReadAndWritten() async throws {
        let calls = Mutex<[Call]>([])
        try await RunningServer.with(answering: { call, sink in
            calls.withLock { $0.append(call) }
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        }) { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            let request = Wire.bytes(
                hex:
                    "00 00 01 02 01 3c 02 7b 22 61 70 69 22 3a 20 22 46 53 22 2c 20 22 6d 65 74 68 6f 64 22 3a 20 22 72 65 61 64 22 2c 20 22 61 70 69 4b 65 79 22 3a 20 22 6b 22 2c 20 22 70 61 72 61 6d 73 22 3a 20 7b 7d 7d aa bb"
            )
            try await client.send(request)
            #expect(try await client.receive().payload == [0, 0, 0, 1, 2] + Wire.bytes(hex: "0d 7b 22 72 65 73 75 6c 74 22 3a 7b 7d 7d"))
            let call = try #require(calls.withLock { $0.first })
            #expect(call.method == .fsRead && call.blobs.sizesBytes == [2])
            // The same as text, in fragments, with a ping in between.
            try await client.send(Self.message(7, "Model/getModels", "null"), opcode: 1)
            #expect(try await Self.answer(client).id == 7)
            let parts = Self.message(8, "Model/getModels")
            try await client.send(Array(parts.prefix(5)), isFinal: false)
            try await client.send([9, 9], opcode: 9)
            try await client.send(Array(parts.dropFirst(5).prefix(3)), opcode: 0, isFinal: false)
            try await client.send(Array(parts.dropFirst(8)), opcode: 0)
            let pong = try await client.receive()
            #expect(pong.opcode == 10 && pong.payload == [9, 9])
            #expect(try await Self.answer(client).id == 8)
            client.close()
        }
    }

    @Test func pingsAreAnsweredWhileNoFurtherCallIsTaken() async throws {
        let go = Signal()
        try await RunningServer.with({ $0.webSocket.runningCallsMax = 1 }, answering: { _, sink in
            await go.wait()
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        }) { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            for id in 1...3 { try await client.send(Self.message(UInt32(id), "Model/createState")) }
            try await client.send([1, 2], opcode: 9)
            let pong = try await client.receive()
            #expect(pong.opcode == 10 && pong.payload == [1, 2])
            for id in 1...3 {
                go.fire()
                #expect(try await Self.answer(client).id == UInt32(id))
            }
            client.close()
        }
    }

    @Test func callsRunSideBySide() async throws {
        let go = Signal()
        try await RunningServer.with(answering: { call, sink in
            if call.method == .createState { await go.wait() }
            try await sink.answer(call.params)
        }) { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            try await client.send(Self.message(0, "Model/createState", #"{"n":0}"#))
            try await client.send(Self.message(1, "Model/getModels", #"{"n":1}"#))
            #expect(try await Self.answer(client).id == 1)
            go.fire()
            #expect(try await Self.answer(client).id == 0)
            client.close()
        }
    }

    @Test func largeAnswersComeWhole() async throws {
        try await RunningServer.with(answering: { call, sink in
            try await sink.begin(.result(call.params), blobSizesBytes: [3 << 20, 0, 1])
            for _ in 0..<3 { try await sink.write(Array(repeating: 6, count: 1 << 20)[...]) }
            try await sink.write([1])
        }) { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            for id in 0..<5 as Range<UInt32> { try await client.send(Self.message(id, "Model/getModelState", #"{"n":\#(id)}"#)) }
            var ids: Set<UInt32> = []
            for _ in 0..<5 {
                let (id, answer) = try await Self.answer(client)
                ids.insert(id)
                #expect(answer.result == ["n": .integer(Int64(id))])
                #expect(answer.blobs.map(\.count) == [3 << 20, 0, 1])
            }
            #expect(ids == [0, 1, 2, 3, 4])
            client.close()
        }
    }

    @Test func onlySoManyCallsOfAConnectionRun() async throws {
        let (began, go) = (Signal(), Signal())
        let running = Mutex((now: 0, most: 0))
        try await RunningServer.with { $0.webSocket.runningCallsMax = 2 } answering: { _, sink in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            began.fire()
            await go.wait()
            running.withLock { $0.now -= 1 }
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        } _: { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            for id in 0..<6 as Range<UInt32> { try await client.send(Self.message(id, "Model/getModels")) }
            for _ in 0..<6 {
                await began.wait()
                go.fire()
            }
            for _ in 0..<6 { _ = try await Self.answer(client) }
            #expect(running.withLock { $0.most } <= 2)
            client.close()
        }
    }

    @Test func aCloseIsAnsweredAndItsCallsGoOn() async throws {
        let (began, go, ended) = (Signal(), Signal(), Signal())
        try await RunningServer.with(answering: { _, sink in
            began.fire()
            await go.wait()
            try? await sink.begin(.emptyResult, blobSizesBytes: [])
            ended.fire()
        }) { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            try await client.send(Self.message(0, "Model/createState"))
            await began.wait()
            try await client.send([3, 0xe8], opcode: 8)
            let close = try await client.receive()
            #expect(close.opcode == 8 && close.payload == [3, 0xe8])
            await client.socket.waitForClose()
            #expect(server.api.runningCallCount == 1)
            go.fire()
            await ended.wait()
        }
    }

    @Test func whatBreaksTheProtocolEndsTheConnectionWithACode() async throws {
        try await RunningServer.with { $0.webSocket.messageBytesMax = 1000 } _: { server async throws in
            let tooLarge = WebSocketClient.frame(Array(repeating: 0, count: 1001))
            let fragments = WebSocketClient.frame(Array(repeating: 0, count: 600), isFinal: false) + WebSocketClient.frame(Array(repeating: 0, count: 600), opcode: 0)
            let cases: [(String, [UInt8], [UInt8])] = [
                ("too large", tooLarge, [3, 0xf1]), ("too large in fragments", fragments, [3, 0xf1]),
                ("no id", WebSocketClient.frame([1, 2, 3]), [3, 0xea]), ("a continuation of nothing", WebSocketClient.frame([1], opcode: 0), [3, 0xea]),
                ("unknown opcode", WebSocketClient.frame([1], opcode: 3), [3, 0xea]),
            ]
            for (name, bytes, code) in cases {
                let client = try await WebSocketClient.connect(port: server.port)
                try await client.socket.send(bytes)
                let close = try await client.receive()
                #expect(close.opcode == 8 && Array(close.payload.prefix(2)) == code, "\(name)")
                await client.socket.waitForClose()
            }
            let client = try await WebSocketClient.connect(port: server.port)
            for broken in ["[]", "{}", #"{"api":1,"method":"x"}"#, "nonsense"] {
                try await client.send([0, 0, 0, 9] + Wire.frame(broken))
                let (id, answer) = try await Self.answer(client)
                #expect(id == 9 && answer.error?.code == .invalidParameter, "\(broken)")
            }
            client.close()
        }
    }

    @Test func pagesOfOtherMachinesAreNotUpgraded() async throws {
        try await RunningServer.with { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            try await socket.send(
                Array("GET /v0/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".utf8))
            #expect(try await socket.response().status == 403)
            socket.close()
        }
    }

    @Test func theKeyComesInEachMessage() async throws {
        try await RunningServer.with { $0.requiresKey = true } answering: { call, sink in
            try await sink.answer(["right": "\(call.caller.right.map { "\($0)" } ?? "none")"])
        } _: { server async throws in
            let (_, secret) = try await server.test.store.createAPIKey(named: "k", access: .readwrite)
            let client = try await WebSocketClient.connect(port: server.port)
            try await client.send(Self.message(0, "Model/getModels"))
            #expect(try await Self.answer(client).answer.error?.code == .badCredentials)
            try await client.send(Self.message(1, "Model/getModels", key: "wrong"))
            #expect(try await Self.answer(client).answer.error?.code == .badCredentials)
            try await client.send(Self.message(2, "Model/getModels", key: " \(secret) "))
            #expect(try await Self.answer(client).answer.result == ["right": "readwrite"])
            client.close()
        }
    }
}
