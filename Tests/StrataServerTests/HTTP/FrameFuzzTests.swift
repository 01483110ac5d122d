import DecthingsAPI
import Foundation
import StrataTesting
import Testing

@testable import StrataServer

/// Random frames over a real socket: an answer each, never a failure of the server, never silence.
///
/// `STRATA_FUZZ_SECONDS=600` goes on for that long, and holds the process's memory at the end against what it was early on.
@Suite struct FrameFuzzTests {
    @Test func everyFrameIsAnswered() async throws {
        var random = SeededGenerator.announced("frames over HTTP")
        try await RunningServer.with { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            var run = Run("HTTP")
            while let round = run.next() {
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
            var run = Run("WebSocket")
            while let round = run.next() {
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

    /// The rounds of a run, and what they may cost.
    private struct Run {
        private static let seconds = ProcessInfo.processInfo.environment["STRATA_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        private static let leastRounds = 2000
        private let name: String
        private let end = ContinuousClock.now + .seconds(seconds)
        private var round = -1
        private var earlyBytes = 0

        init(_ name: String) { self.name = name }

        mutating func next() -> Int? {
            round += 1
            guard Self.seconds > 0 else { return round < Self.leastRounds ? round : nil }
            // By then each allocator's pool and each cache has been filled once.
            if round == 10 * Self.leastRounds { earlyBytes = Self.residentBytes() }
            guard round < Self.leastRounds || .now < end else {
                let bytes = Self.residentBytes()
                print("frames over \(name): \(round) in \(Int(Self.seconds)) s; resident \(earlyBytes >> 20) MiB early, \(bytes >> 20) MiB at the end")
                if earlyBytes > 0 { #expect(bytes < earlyBytes + 32 << 20) }
                return nil
            }
            return round
        }

        private static func residentBytes() -> Int {
            let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
            return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
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
