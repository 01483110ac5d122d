import DecthingsAPI
import Foundation
import Logging
import Synchronization
import Testing

@testable import StrataServer

/// A server that listens at a port of its own, over a throw-away store. Calls go to `answer` where one is given, else to
/// the service.
struct RunningServer {
    typealias Answering = @Sendable (Call, any AnswerSink) async throws -> Void

    let test: TestServer
    let api: APIServer
    let port: Int

    static func with(
        _ change: (inout ServerOptions) -> Void = { _ in }, configuration: ServerProcess.Configuration = .init(),
        answering answer: Answering? = nil, _ body: (RunningServer) async throws -> Void
    ) async throws {
        try await TestServer.with { test in
            var options = ServerOptions()
            options.requiresKey = false
            options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            change(&options)
            let api = APIServer(service: test.service, options: options, answering: answer)
            let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
            let process = ServerProcess(api, configuration: configuration) { continuation.yield($0) }
            let running = Task { try await process.runUntilCancelled() }
            var port: Int?
            for await first in ports {
                port = first
                break
            }
            let outcome: Result<Void, any Error>
            do {
                try await body(RunningServer(test: test, api: api, port: try #require(port)))
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            running.cancel()
            try await running.value
            #expect(api.runningCallCount == 0, "no call is left")
            try outcome.get()
        }
    }

    /// One call on a connection of its own.
    func call(
        _ name: String, _ params: String = "{}", blobs: [[UInt8]] = [], headers: [String: String] = [:]
    ) async throws -> TestServer.Answer {
        let socket = try await ClientSocket.connect(port: port)
        defer { socket.close() }
        try await socket.send(Wire.post(name, Wire.frame(params, blobs), headers))
        return try await socket.response().answer()
    }
}

/// Lets a handler wait for its test.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

    func fire() { continuation.yield() }
    /// Returns when it was fired once more, or the task is cancelled.
    func wait() async { for await _ in stream { return } }
}

/// Bytes as clients send them.
enum Wire {
    static func frame(_ params: String, _ blobs: [[UInt8]] = []) -> [UInt8] {
        RequestFrame(json: Array(params.utf8), blobs: blobs.map { $0[...] }).encoded()
    }

    static func head(_ path: String, length: Int, _ headers: [String: String] = [:]) -> [UInt8] {
        let all = ["Host": "127.0.0.1", "Content-Length": "\(length)"].merging(headers) { $1 }
        let lines = all.sorted { $0.key < $1.key }.map { "\($0): \($1)\r\n" }.joined()
        return Array("POST \(path) HTTP/1.1\r\n\(lines)\r\n".utf8)
    }

    static func post(_ name: String, _ body: [UInt8], _ headers: [String: String] = [:]) -> [UInt8] {
        head("/v0/\(name)", length: body.count, headers) + body
    }

    static func bytes(hex: String) -> [UInt8] {
        hex.split(separator: " ").map { UInt8($0, radix: 16)! }
    }
}

