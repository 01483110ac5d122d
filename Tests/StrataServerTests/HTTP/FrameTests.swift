import DecthingsAPI
import Foundation
import Synchronization
import Testing

@testable import StrataServer

/// Requests and answers as bytes on a real connection (spec: wire.md).
@Suite struct FrameTests {
    /// Answers what the call said: its params, and its blobs.
    static let echo: RunningServer.Answering = { call, sink in
        var blobs: [[UInt8]] = []
        for index in call.blobs.sizesBytes.indices {
            blobs.append(try await call.blobs.bytes(of: index, sizeBytesMax: 1 << 30, parameterName: "params"))
        }
        try await sink.answer(call.params, blobs: blobs)
    }

    private static let examples: [(name: String, hex: String, text: String)] = [
        ("1", "00 10 7b 22 6d 6f 64 65 6c 49 64 22 3a 20 22 6d 22 7d", #"{"modelId":"m"}"#),
        (
            "3",
            "02 2e 03 00 7b 22 6d 6f 64 65 6c 49 64 22 3a 20 22 6d 31 22 2c 20 22 73 74 61 74 65 4b 65 79 4e 61 6d 65 73 22 3a 20 5b 22 61 22 2c 20 22 62 22 5d 7d 01 02 03",
            #"{"modelId":"m1","stateKeyNames":["a","b"]}"#
        ),
        ("6", "00 19 7b 22 6e 61 6d 65 22 3a 20 22 68 5c 75 30 30 65 39 5c 75 30 30 65 39 22 7d", #"{"name":"héé"}"#),
    ]

    @Test func theSpecsRequestsAreReadHoweverTheirBytesArrive() async throws {
        try await RunningServer.with(answering: Self.echo) { server async throws in
            for (name, hex, text) in Self.examples {
                for piece in [Int.max, 1, 7] {
                    let socket = try await ClientSocket.connect(port: server.port)
                    let request = Wire.post("Model/uploadState", Wire.bytes(hex: hex))
                    var rest = request[...]
                    while !rest.isEmpty {
                        try await socket.send(Array(rest.prefix(piece)))
                        rest = rest.dropFirst(piece)
                    }
                    let answer = try await socket.response().answer()
                    #expect(answer.envelope == .result(try JSONValue.parse(Array(text.utf8))), "example \(name) in pieces of \(piece)")
                    #expect(answer.blobs == (name == "3" ? [[1, 2, 3], []] : []))
                    socket.close()
                }
            }
        }
    }

    @Test func theSpecsAnswersAreWrittenByteForByte() async throws {
        let answers: RunningServer.Answering = { call, sink in
            switch call.method {
            case .getModelState: try await sink.answer(["stateKeyNames": ["a", "b"]], blobs: [[1, 2], []])
            case .deleteModel: throw APIError(.badCredentials)
            default: try await sink.begin(.emptyResult, blobSizesBytes: [])
            }
        }
        let expected = [
            "Model/getModelState":
                "26 7b 22 72 65 73 75 6c 74 22 3a 7b 22 73 74 61 74 65 4b 65 79 4e 61 6d 65 73 22 3a 5b 22 61 22 2c 22 62 22 5d 7d 7d 02 01 02 00",
            "Model/deleteModel": "24 7b 22 65 72 72 6f 72 22 3a 7b 22 63 6f 64 65 22 3a 22 62 61 64 5f 63 72 65 64 65 6e 74 69 61 6c 73 22 7d 7d",
            "Model/updateModel": "0d 7b 22 72 65 73 75 6c 74 22 3a 7b 7d 7d",
        ]
        try await RunningServer.with(answering: answers) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            for (name, hex) in expected {
                try await socket.send(Wire.post(name, Wire.frame("{}")))
                let response = try await socket.response()
                #expect(response.status == 200)
                #expect(response.body == Wire.bytes(hex: hex), "\(name)")
                #expect(response.headers["content-type"] == "application/octet-stream")
                #expect(response.headers["content-length"] == "\(response.body.count)")
                #expect(response.headers["content-encoding"] == nil)
                #expect(response.headers["x-request-id"]?.isEmpty == false)
                #expect(response.headers["access-control-allow-origin"] == "*")
            }
            socket.close()
        }
    }

    @Test func brokenFramesAreRefusedAndTheConnectionGoesOn() async throws {
        let broken: [(String, [UInt8])] = [
            ("empty", []), ("short JSON", [0, 5, 0x7b, 0x7d]), ("long", [0, 2, 0x7b, 0x7d, 0]), ("no JSON", [0, 2, 0x7b, 0x7b]),
            ("NaN", Wire.frame(#"{"x": NaN}"#)), ("blob missing", [1, 2, 9, 0x7b, 0x7d, 1]), ("empty JSON", [0, 0]),
            ("half a length", [0, 0xfe, 0]), ("not UTF-8", [0, 4, 0x22, 0xff, 0xfe, 0x22]),
        ]
        try await RunningServer.with(answering: Self.echo) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            for (name, body) in broken {
                try await socket.send(Wire.post("Model/getModels", body))
                let response = try await socket.response()
                #expect(response.status == 400, "\(name)")
                #expect(!response.body.isEmpty)
            }
            try await socket.send(Wire.post("Model/getModels", Wire.frame("{}")))
            #expect(try await socket.response().status == 200)
            socket.close()
        }
    }

    @Test func aRootThatIsNoObject() async throws {
        try await RunningServer.with(answering: Self.echo) { server async throws in
            #expect(try await server.call("Model/createModel", "[1]").error?.code == .invalidParameter)
            #expect(try await server.call("Model/createModel", "7").error?.parameterName == "params")
            #expect(try await server.call("Model/createModel", "null").envelope == .emptyResult)
        }
    }

    @Test func aBodyWhoseLengthIsNotToldIsHeldToTheBoundToo() async throws {
        try await RunningServer.with { $0.bodyBytesMax = 1000 } _: { server async throws in
            for (size, status) in [(900, 200), (1100, 413)] {
                let socket = try await ClientSocket.connect(port: server.port)
                let body = Wire.frame("{}", [Array(repeating: 0, count: size)])
                let chunk = String(body.count, radix: 16)
                try await socket.send(
                    Array("POST /v0/User/getQuotas HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\r\n".utf8) + body
                        + Array("\r\n0\r\n\r\n".utf8))
                #expect(try await socket.response().status == status, "\(size)")
                socket.close()
            }
        }
    }

    @Test func whatIsTooLargeIsRefusedBeforeItIsRead() async throws {
        try await RunningServer.with {
            $0.bodyBytesMax = 1000
            $0.frameLimits = FrameLimits(jsonSizeBytesMax: 100, blobCountMax: 2, blobSizeBytesMax: 50, totalBlobSizeBytesMax: 60)
        } _: { server async throws in
            let bodies: [[UInt8]] = [
                Array(repeating: 0, count: 1001), Wire.frame(#"{"a":""# + String(repeating: "x", count: 100) + #""}"#),
                Wire.frame("{}", [[], [], []]), Wire.frame("{}", [Array(repeating: 0, count: 51)]),
                Wire.frame("{}", [Array(repeating: 0, count: 40), Array(repeating: 0, count: 40)]),
            ]
            for (index, body) in bodies.enumerated() {
                let socket = try await ClientSocket.connect(port: server.port)
                try await socket.send(Wire.post("Model/getModels", body))
                #expect(try await socket.response().status == 413, "body \(index)")
                socket.close()
            }
        }
    }

    @Test func pathsVerbsAndOrigins() async throws {
        try await RunningServer.with { server async throws in
            func status(_ text: String) async throws -> Int {
                let socket = try await ClientSocket.connect(port: server.port)
                defer { socket.close() }
                try await socket.send(Array(text.utf8))
                return try await socket.response().status
            }
            #expect(try await status("GET /v0/Model/getModels HTTP/1.1\r\nHost: localhost:3\r\n\r\n") == 405)
            #expect(try await status("PUT /v0/Model/getModels HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}") == 405)
            #expect(try await status("OPTIONS /v0/Model/getModels HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://localhost:8080\r\n\r\n") == 204)
            #expect(try await status("OPTIONS /v0/Model/getModels HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n") == 403)
            #expect(try await status("POST /v0/Model/getModels HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 4\r\n\r\n\0\u{2}{}") == 403)
            #expect(try await status("GET /v0/ws HTTP/1.1\r\nHost: localhost\r\n\r\n") == 426)
            for path in ["/", "/v0", "/v0/", "/v0/Model", "/v0/Model/", "/v0/Model/getModels/x", "/v1/Model/getModels"] {
                #expect(try await status("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n\0\u{2}{}") == 404, "\(path)")
            }
            #expect(try await status("nonsense\r\n\r\n") == 400)
        }
    }

    @Test func whatIsNotServedSaysSo() async throws {
        try await RunningServer.with { server async throws in
            for name in ["Terminal/launchTerminalSession", "Team/createTeam", "Nothing/atAll", "Model/getmodels"] {
                let error = try #require(try await server.call(name).error)
                #expect(error == .invalidParameter("method", "\(name) is not supported by this server"))
            }
            let page = try await server.call("Image/getRepositories", #"{"limit": 5}"#).result
            #expect(page == ["repositories": [], "total": 0, "offset": 0, "limit": 5])
            for name in ["Debug/getDebugSessions", "User/getQuotas", "Organization/getOrganizations", "User/getNotifications"] {
                #expect(try await server.call(name).error == nil)
            }
            #expect(try await server.call("User/estimateAmountDue").result == ["amount": 0])
            #expect(try await server.call("User/getUsers", #"{"userIds": ["x"]}"#).result == ["users": []])
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await RunningServer.with(answering: Self.echo) { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            try await socket.send((0..<50).flatMap { Wire.post("Model/getModels", Wire.frame(#"{"n": \#($0)}"#)) })
            for number in 0..<50 { #expect(try await socket.response().answer().result == ["n": .integer(Int64(number))]) }
            socket.close()
        }
    }
}
