import DecthingsAPI
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import StrataServer

/// Bodies that are larger than memory should be, early answers, and clients that go away.
@Suite struct StreamingTests {
    private static let pieceBytes = 1 << 20

    @Test func anUploadWaitsForItsReader() async throws {
        let begin = Signal()
        let sent = Mutex(0)
        let total = 64
        let handler: RunningServer.Answering = { call, sink in
            await begin.wait()
            var (count, sum) = (0, 0)
            try await call.blobs.read(0) { bytes in
                count += bytes.count
                sum += Int(bytes.first ?? 0) + Int(bytes.last ?? 0)
            }
            try await sink.answer(["count": count, "all": sum > 0 ? 1 : 0])
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let head = RequestFrame.encodedHead(json: Array("{}".utf8), blobSizesBytes: [total * Self.pieceBytes])
            try await socket.send(Wire.head("/v0/Model/uploadState", length: head.count + total * Self.pieceBytes) + head)
            let channel = socket.channel
            let sending = Task { @Sendable in
                let piece = Array(repeating: UInt8(1), count: Self.pieceBytes)
                for _ in 0..<total {
                    try await channel.writeAndFlush(ByteBuffer(bytes: piece)).get()
                    sent.withLock { $0 += 1 }
                }
            }
            try await Task.sleep(for: .milliseconds(500))
            #expect(sent.withLock { $0 } < total / 2, "what nobody reads is not taken")
            begin.fire()
            try await sending.value
            let result = try await socket.response().answer().result
            #expect(result == ["count": .integer(Int64(total << 20)), "all": 1])
            socket.close()
        }
    }

    @Test func aLargeAnswerWaitsForItsReader() async throws {
        let written = Mutex(0)
        let total = 64
        let handler: RunningServer.Answering = { call, sink in
            try await sink.begin(.emptyResult, blobSizesBytes: [total * Self.pieceBytes, 3])
            for number in 0..<total {
                try await sink.write(Array(repeating: UInt8(number), count: Self.pieceBytes)[...])
                written.withLock { $0 += 1 }
            }
            try await sink.write([7, 8, 9])
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port, receiveBytes: 64 << 10)
            try await socket.send(Wire.post("Model/getModelState", Wire.frame("{}")))
            let (status, headers) = try await socket.head()
            #expect(status == 200)
            try await Task.sleep(for: .milliseconds(300))
            #expect(written.withLock { $0 } < total / 2, "what nobody takes is not written")
            let size = try #require(headers["content-length"].flatMap { Int($0) })
            let frame = try ResponseFrame(decoding: try await socket.take(size)[...])
            #expect(frame.blobs.map(\.count) == [total << 20, 3])
            let start = frame.blobs[0].startIndex
            #expect((0..<total).allSatisfy { frame.blobs[0][start + ($0 << 20)] == UInt8($0) && frame.blobs[0][start + ($0 << 20) + 1_048_575] == UInt8($0) })
            #expect(Array(frame.blobs[1]) == [7, 8, 9])
            socket.close()
        }
    }

    @Test func blobsThatNobodyReadsArePassedOver() async throws {
        let handler: RunningServer.Answering = { call, sink in
            if call.blobs.sizesBytes.count > 1 {
                try await sink.answer(call.params, blobs: [try await call.blobs.bytes(of: 1, sizeBytesMax: 9, parameterName: "x")])
            } else {
                throw APIError(.modelNotFound)
            }
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let large = Array(repeating: UInt8(5), count: 8 << 20)
            // A client that sends all before it reads anything.
            try await socket.send(Wire.post("Model/uploadState", Wire.frame("{}", [large])))
            #expect(try await socket.response().answer().error?.code == .modelNotFound)
            try await socket.send(Wire.post("Model/uploadState", Wire.frame("{}", [large, [1, 2], large])))
            #expect(try await socket.response().answer().blobs == [[1, 2]])
            try await socket.send(Wire.post("Model/uploadState", Wire.frame("{}", [[], [], []])))
            #expect(try await socket.response().answer().blobs == [[]])
            socket.close()
        }
    }

    @Test func aBodyTooLongToPassOverEndsTheConnectionAfterTheAnswer() async throws {
        try await RunningServer.with { $0.drainedBytesMax = 1 << 20 } _: { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let size = 1 << 30
            let head = RequestFrame.encodedHead(json: Array("{}".utf8), blobSizesBytes: [size])
            try await socket.send(Wire.head("/v0/Nothing/here", length: head.count + size) + head)
            #expect(try await socket.response().answer().error?.code == .invalidParameter)
            let piece = Array(repeating: UInt8(1), count: Self.pieceBytes)
            await #expect(throws: (any Error).self) { for _ in 0..<size / Self.pieceBytes { try await socket.send(piece) } }
            await socket.waitForClose()
        }
    }

    @Test func aCallGoesOnWhenItsConnectionDrops() async throws {
        let (began, go, ended) = (Signal(), Signal(), Signal())
        let outcome = Mutex<String?>(nil)
        let handler: RunningServer.Answering = { call, sink in
            began.fire()
            await go.wait()
            do {
                try await sink.begin(.emptyResult, blobSizesBytes: [64 << 20])
                for _ in 0..<64 { try await sink.write(Array(repeating: UInt8(0), count: 1 << 20)[...]) }
                outcome.withLock { $0 = "answered" }
            } catch {
                outcome.withLock { $0 = "\(type(of: error))" }
            }
            ended.fire()
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            try await socket.send(Wire.post("Model/createState", Wire.frame("{}")))
            await began.wait()
            try await socket.channel.close().get()
            #expect(server.api.runningCallCount == 1)
            go.fire()
            await ended.wait()
            #expect(outcome.withLock { $0 } == "CallAborted")
        }
    }

    @Test func aConnectionThatIsKilledMidUploadEndsTheRead() async throws {
        let (began, ended) = (Signal(), Signal())
        let outcome = Mutex<String?>(nil)
        let handler: RunningServer.Answering = { call, sink in
            do {
                try await call.blobs.read(0) { _ in began.fire() }
            } catch {
                outcome.withLock { $0 = "\(type(of: error))" }
            }
            ended.fire()
            throw CallAborted()
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let request = Wire.post("Model/uploadState", Wire.frame("{}", [Array(repeating: 1, count: 4 << 20)]))
            try await socket.send(Array(request.prefix(1 << 20)))
            await began.wait()
            try await socket.channel.close().get()
            await ended.wait()
            #expect(outcome.withLock { $0 } == "CallAborted")
        }
    }

    @Test func anAnswerThatCannotBeFinishedNeverLooksComplete() async throws {
        let handler: RunningServer.Answering = { call, sink in
            let size = call.method == .getModelState ? 64 << 20 : 10
            try await sink.begin(.emptyResult, blobSizesBytes: [size])
            try await sink.write(Array(repeating: 1, count: size / 2)[...])
            throw APIError(.stateNotFound)
        }
        try await RunningServer.with(answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            try await socket.send(Wire.post("Model/getModelState", Wire.frame("{}")))
            let size = try #require(try await socket.head().headers["content-length"].flatMap { Int($0) })
            await #expect(throws: ClientSocket.Closed.self) { _ = try await socket.take(size) }
            // Of a small one nothing was sent yet: the error takes its place.
            #expect(try await server.call("Model/deleteModelState").error?.code == .stateNotFound)
        }
    }

    @Test func moreCallsThanMayRunAreRefused() async throws {
        let (began, go) = (Signal(), Signal())
        let handler: RunningServer.Answering = { _, sink in
            began.fire()
            await go.wait()
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        }
        try await RunningServer.with({ $0.runningCallsMax = 1 }, answering: handler) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            try await socket.send(Wire.post("Model/createState", Wire.frame("{}")))
            await began.wait()
            #expect(try await server.call("Model/getModels").error?.code == .tooManyRequests)
            go.fire()
            #expect(try await socket.response().answer().error == nil)
            socket.close()
        }
    }
}
