import DecthingsAPI
import Foundation
import NIOCore
import Testing

@testable import StrataServer

/// Clients that keep the server waiting lose their connection; what waits for the server does not.
@Suite struct SlowClientTests {
    @Test func aHeadThatDoesNotEndIsNotWaitedFor() async throws {
        try await RunningServer.with { $0.headTimeoutSeconds = 0.3 } _: { server async throws in
            let silent = try await ClientSocket.connect(port: server.port)
            let slow = try await ClientSocket.connect(port: server.port)
            try await slow.send(Array("POST /v0/User/getQuotas HTTP/1.1\r\nHost: localhost\r\n".utf8))
            let channel = slow.channel
            let dripping = Task {
                for number in 0... {
                    try await Task.sleep(for: .milliseconds(50))
                    try await channel.writeAndFlush(ByteBuffer(string: "x-\(number): y\r\n")).get()
                }
            }
            await silent.waitForClose()
            await slow.waitForClose()
            dripping.cancel()
            _ = await dripping.result
            #expect(server.api.options.metrics.registry.prometheusText().contains("strata_connections_timed_out_total{reason=\"head\"} 2"))
        }
    }

    @Test func aConnectionWithoutRequestsEnds() async throws {
        try await RunningServer.with { $0.idleTimeoutSeconds = 1 } _: { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            for _ in 0..<2 {
                try await socket.send(Wire.post("User/getQuotas", Wire.frame("{}")))
                #expect(try await socket.response().status == 200)
            }
            await socket.waitForClose()
        }
    }

    @Test func aBodyThatDoesNotComeIsNotWaitedFor() async throws {
        try await RunningServer.with({ $0.bodyTimeoutSeconds = 0.3 }, answering: FrameTests.echo) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let request = Wire.post("Model/uploadState", Wire.frame("{}", [Array(repeating: 1, count: 1000)]))
            try await socket.send(Array(request.dropLast(10)))
            await socket.waitForClose()
        }
    }

    @Test func aBodyThatDripsIsNotWaitedFor() async throws {
        try await RunningServer.with({ ($0.bodyTimeoutSeconds, $0.bodyBytesPerSecondMin) = (0.3, 1000) }, answering: FrameTests.echo) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let request = Wire.post("Model/uploadState", Wire.frame("{}", [Array(repeating: 1, count: 100_000)]))
            try await socket.send(Array(request.dropLast(100_000)))
            let channel = socket.channel
            let dripping = Task {
                while true {
                    try await Task.sleep(for: .milliseconds(50))
                    try await channel.writeAndFlush(ByteBuffer(bytes: [1])).get()
                }
            }
            await socket.waitForClose()
            dripping.cancel()
            _ = await dripping.result
            #expect(server.api.options.metrics.registry.prometheusText().contains("strata_connections_timed_out_total{reason=\"body\"} 1"))
        }
    }

    @Test func aWebSocketWhoseClientIsGoneEnds() async throws {
        try await RunningServer.with { ($0.webSocket.pingSeconds, $0.webSocket.pongTimeoutSeconds) = (0.2, 0.3) } _: { server async throws in
            let gone = try await WebSocketClient.connect(port: server.port)
            let there = try await WebSocketClient.connect(port: server.port)
            for _ in 0..<5 {
                #expect(try await there.receive().opcode == 9)
                try await there.send([], opcode: 10)
            }
            #expect(try await gone.receive().opcode == 9)
            await gone.socket.waitForClose()
            try await there.send(WebSocketTests.message(1, "User/getQuotas"))
            var frame = try await there.receive()
            while frame.opcode == 9 { frame = try await there.receive() }
            #expect(frame.opcode == 2)
            there.close()
            #expect(server.api.options.metrics.registry.prometheusText().contains("strata_connections_timed_out_total{reason=\"silence\"} 1"))
        }
    }

    @Test(arguments: [true, false])
    func aWebSocketMessageThatDoesNotEndIsNotWaitedFor(inFragments: Bool) async throws {
        try await RunningServer.with { $0.webSocket.messageTimeoutSeconds = 0.4 } _: { server async throws in
            let client = try await WebSocketClient.connect(port: server.port)
            try await client.send(WebSocketTests.message(1, "User/getQuotas"))
            #expect(try await client.receive().opcode == 2)
            let channel = client.socket.channel
            let dripping = Task {
                let frame = WebSocketClient.frame(Array(repeating: 1, count: 100_000))
                for number in 0... {
                    let piece = inFragments ? WebSocketClient.frame([1], opcode: number == 0 ? 2 : 0, isFinal: false) : [frame[number]]
                    try await channel.writeAndFlush(ByteBuffer(bytes: piece)).get()
                    try await Task.sleep(for: .milliseconds(30))
                }
            }
            await client.socket.waitForClose()
            dripping.cancel()
            _ = await dripping.result
            #expect(server.api.options.metrics.registry.prometheusText().contains("strata_connections_timed_out_total{reason=\"message\"} 1"))
        }
    }

    @Test func aCallThatTakesLongerThanEveryTimeoutIsAnswered() async throws {
        try await RunningServer.with {
            ($0.headTimeoutSeconds, $0.idleTimeoutSeconds, $0.bodyTimeoutSeconds, $0.writeTimeoutSeconds) = (1, 1, 1, 1)
        } answering: { _, sink in
            try await Task.sleep(for: .seconds(3))
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        } _: { server async throws in
            #expect(try await server.call("Model/createState").error == nil)
            // A handler that does not read for a while is not the client's fault either.
            #expect(try await server.call("Model/uploadState", blobs: [Array(repeating: 1, count: 16 << 20)]).error == nil)
        }
    }

    @Test func aReaderThatTakesNothingIsNotWaitedFor() async throws {
        let ended = Signal()
        try await RunningServer.with { $0.writeTimeoutSeconds = 0.3 } answering: { _, sink in
            defer { ended.fire() }
            try await sink.begin(.emptyResult, blobSizesBytes: [64 << 20])
            for _ in 0..<64 { try await sink.write(Array(repeating: 1, count: 1 << 20)[...]) }
        } _: { server async throws in
            let socket = try await ClientSocket.connect(port: server.port, receiveBytes: 16 << 10)
            try await socket.send(Wire.post("Model/getModelState", Wire.frame("{}")))
            await ended.wait()
            socket.close()
            let client = try await WebSocketClient.connect(port: server.port)
            client.close()
        }
    }

    @Test func furtherConnectionsWaitForAPlace() async throws {
        try await RunningServer.with { $0.connectionsMax = 2 } _: { server async throws in
            let first = try await ClientSocket.connect(port: server.port)
            let second = try await ClientSocket.connect(port: server.port)
            for socket in [first, second] {
                try await socket.send(Wire.post("User/getQuotas", Wire.frame("{}")))
                #expect(try await socket.response().status == 200)
            }
            let third = try await ClientSocket.connect(port: server.port)
            try await third.send(Wire.post("User/getQuotas", Wire.frame("{}")))
            first.close()
            #expect(try await third.response().status == 200)
            second.close()
            third.close()
        }
    }
}
