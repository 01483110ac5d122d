import DecthingsAPI
import Foundation
import Hummingbird
import NIOSSL
import Strata
import StrataTesting
import Testing

@testable import StrataServer

/// How a server stops, TLS, what it tells of itself, and an application that has it inside.
@Suite struct ServerProcessTests {
    @Test func aStopWaitsForWhatRuns() async throws {
        let (began, go) = (Signal(), Signal())
        try await TestServer.with { test async throws in
            let api = Self.api(test) { _, sink in
                began.fire()
                await go.wait()
                try await sink.begin(.emptyResult, blobSizesBytes: [])
            }
            let (running, port) = try await Self.start(ServerProcess.Configuration(), api)
            let socket = try await ClientSocket.connect(port: port)
            let idle = try await ClientSocket.connect(port: port)
            let client = try await WebSocketClient.connect(port: port)
            try await socket.send(Wire.post("Model/createState", Wire.frame("{}")))
            await began.wait()
            running.cancel()
            await idle.waitForClose()
            #expect(try await client.receive().payload.prefix(2) == [3, 0xe9])
            client.close()
            await #expect(throws: (any Error).self) { _ = try await ClientSocket.connect(port: port) }
            go.fire()
            #expect(try await socket.response().answer().error == nil)
            try await running.value
            #expect(api.runningCallCount == 0)
        }
    }

    @Test(arguments: ["0.0.0.0", "::", "127.0.0.1.example.org", "192.168.1.2"])
    func withoutKeysItListensForThisMachineOnly(host: String) async throws {
        try await TestServer.with { test async throws in
            let process = ServerProcess(Self.api(test) { _, _ in }, configuration: ServerProcess.Configuration(host: host))
            let error = await #expect(throws: StrataError.self) { try await process.run() }
            #expect(error?.parameterName == "host")
        }
    }

    @Test(arguments: [true, false]) func aStopCancelsWhatRunsByChoiceOrAfterItsGrace(byChoice: Bool) async throws {
        let began = Signal()
        try await TestServer.with { test async throws in
            let api = Self.api(test) { _, sink in
                began.fire()
                try await Task.sleep(for: .seconds(1000))
                try await sink.begin(.emptyResult, blobSizesBytes: [])
            }
            var configuration = ServerProcess.Configuration()
            configuration.cancelsCalls = byChoice
            configuration.graceSeconds = byChoice ? 1000 : 0.2
            let (running, port) = try await Self.start(configuration, api)
            let socket = try await ClientSocket.connect(port: port)
            try await socket.send(Wire.post("Model/createState", Wire.frame("{}")))
            await began.wait()
            running.cancel()
            #expect(try await socket.response().answer().error == APIError(.unknown))
            try await running.value
        }
    }

    @Test func aCertificateMakesItSpeakTLS() async throws {
        try await withTemporaryFolder { folder in
            let (certificate, key) = (folder + "/cert.pem", folder + "/key.pem")
            try await Self.openssl([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", key, "-out", certificate,
            ])
            var configuration = ServerProcess.Configuration()
            try configuration.useCertificate(file: certificate, privateKeyFile: key)
            try await RunningServer.with({ $0.headTimeoutSeconds = 5 }, configuration: configuration, answering: FrameTests.echo) { server async throws in
                var client = TLSConfiguration.makeClientConfiguration()
                client.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate))
                let socket = try await ClientSocket.connect(port: server.port, tls: try NIOSSLContext(configuration: client))
                let blob = Array(repeating: UInt8(3), count: 3 << 20)
                for _ in 0..<2 {
                    try await socket.send(Wire.post("Model/uploadState", Wire.frame("{}", [blob])))
                    #expect(try await socket.response().answer().blobs == [blob])
                }
                socket.close()
                // In the clear nothing is answered.
                let plain = try await ClientSocket.connect(port: server.port)
                try await plain.send(Wire.post("Model/uploadState", Wire.frame("{}")))
                await plain.waitForClose()
            }
            var broken = ServerProcess.Configuration()
            #expect(throws: APIError.self) { try broken.useCertificate(file: key, privateKeyFile: key) }
            #expect(throws: APIError.self) { try broken.useCertificate(file: certificate, privateKeyFile: certificate) }
            #expect(throws: APIError.self) { try broken.useCertificate(file: folder + "/none", privateKeyFile: key) }
        }
    }

    @Test func itTellsOfItself() async throws {
        try await RunningServer.with { server async throws in
            func get(_ path: String) async throws -> (Int, String) {
                let socket = try await ClientSocket.connect(port: server.port)
                defer { socket.close() }
                try await socket.send(Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
                let response = try await socket.response()
                return (response.status, String(decoding: response.body, as: UTF8.self))
            }
            _ = try await server.call("User/getQuotas")
            _ = try await server.call("No\"thing/here")
            #expect(try await get("/healthz") == (200, "ok\n"))
            #expect(try await get("/readyz") == (200, "ready\n"))
            let (status, text) = try await get("/metrics")
            #expect(status == 200)
            #expect(text.contains("strata_calls_total{code=\"ok\",method=\"User/getQuotas\"} 1\n"))
            #expect(text.contains("strata_calls_total{code=\"invalid_parameter\",method=\"unknown\"} 1\n"))
            #expect(text.contains("# TYPE strata_call_seconds histogram\n"))
            #expect(text.contains("strata_call_seconds_count{method=\"User/getQuotas\"} 1\n"))
            try await server.test.store.close()
            #expect(try await get("/readyz").0 == 503)
            #expect(try await get("/healthz").0 == 200)
        }
    }

    @Test func anApplicationMayHaveItInside() async throws {
        try await TestServer.with { test async throws in
            var options = ServerOptions()
            options.requiresKey = false
            let api = APIServer(service: test.service, options: options)
            let router = Router()
            router.get("/own") { _, _ in "own" }
            router.addDecthingsAPI(api)
            let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
            let application = Application(
                router: router, server: try api.serverBuilder(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) })
            let running = Task { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let socket = try await ClientSocket.connect(port: port)
            try await socket.send(Array("GET /own HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(try await socket.response().body == Array("own".utf8))
            try await socket.send(Wire.post("User/estimateAmountDue", Wire.frame("{}")))
            #expect(try await socket.response().answer().result == ["amount": 0])
            socket.close()
            let client = try await WebSocketClient.connect(port: port)
            client.close()
            await api.stop()
            running.cancel()
            _ = await running.result
        }
    }

    private static func api(_ test: TestServer, _ answer: @escaping RunningServer.Answering) -> APIServer {
        var options = ServerOptions()
        options.requiresKey = false
        return APIServer(service: test.service, options: options, answering: answer)
    }

    private static func start(_ configuration: ServerProcess.Configuration, _ api: APIServer) async throws -> (Task<Void, any Error>, Int) {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let process = ServerProcess(api, configuration: configuration) { continuation.yield($0) }
        let running = Task { try await process.runUntilCancelled() }
        var iterator = ports.makeAsyncIterator()
        return (running, try #require(await iterator.next()))
    }

    private static func openssl(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        try #require(status == 0)
    }
}
