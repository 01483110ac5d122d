import DecthingsAPI
import Foundation
import StrataTesting
import Testing

@testable import StrataServer

/// Random frames over a real socket: an answer each, never a failure of the server, never silence.
@Suite struct FrameFuzzTests {
    @Test func everyFrameIsAnswered() async throws {
        var random = SeededGenerator.announced("frames over HTTP")
        try await RunningServer.with { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            for round in 0..<2000 {
                let body = Self.body(&random)
                let name = ["Model/getModels", "Image/getRepositories", "User/getUsers", "FS/mknod", "Dataset/addEntries"].randomElement(using: &random)!
                try await socket.send(Wire.post(name, body))
                let response = try await socket.response()
                #expect([200, 400, 413].contains(response.status), "round \(round) of seed \(random.seed)")
                if response.status == 200 { _ = try response.answer() }
            }
            socket.close()
        }
    }

    @Test func everyMessageIsAnsweredOrEndsTheConnection() async throws {
        var random = SeededGenerator.announced("messages over WebSocket")
        try await RunningServer.with { server async throws in
            var socket = try await WebSocketClient.connect(port: server.port)
            for round in 0..<2000 {
                let body = Self.body(&random, json: #"{"api":"User","method":"getUsers","params":{"userIds":["local"]}}"#)
                try await socket.send([0, 0, UInt8(round >> 8 & 255), UInt8(round & 255)] + body)
                let frame = try await socket.receive()
                if frame.opcode == 8 {
                    socket.close()
                    socket = try await WebSocketClient.connect(port: server.port)
                    continue
                }
                guard case .response(UInt32(round & 0xffff), let answer) = try WebSocketServerFrame(decoding: frame.payload[...]) else {
                    Issue.record("round \(round) of seed \(random.seed): not its answer")
                    break
                }
                _ = try Envelope(decoding: answer.json)
            }
            socket.close()
        }
    }

    private static func body(_ random: inout SeededGenerator, json: String = #"{"modelId": "m", "params": [{"name": "x"}], "limit": 3}"#) -> [UInt8] {
        let blobs = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var body = Wire.frame(json, blobs)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0..<max(1, body.count), using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where !body.isEmpty: body[place] = UInt8.random(in: 0...255, using: &random)
            case 1: body.insert([0, 252, 253, 254, 255].randomElement(using: &random)!, at: min(place, body.count))
            case 2: body.removeLast(min(body.count, place))
            default: body.append(UInt8.random(in: 0...255, using: &random))
            }
        }
        return body
    }
}
