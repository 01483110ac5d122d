import DecthingsAPI
import Foundation
import Glibc
import Testing

@testable import StrataCommand

/// `strata serve` as a process.
@Suite struct ServeCommandTests {
    @Test func argumentsThatMakeNoSenseOpenNothing() async throws {
        let tool = try await Tool(makesStore: false)
        let wrong: [[String]] = [
            ["--port", "70000"], ["--certificate", "c.pem"], ["--private-key", "k.pem"], ["--host", "0.0.0.0", "--no-keys"],
            ["--inject", "Model.createState"], ["--inject", "Model.getModels=quota_exceeded"], ["--max-calls", "0"], ["--log", "loud"],
            ["--grace-seconds=-1"], ["--idle-timeout-seconds", "0"], ["--ping-seconds", "nan"], ["--capacity-cpus", "0"],
        ]
        for arguments in wrong {
            let outcome = try await tool.run(Tool.executable, ["serve", "--store", tool.store] + arguments)
            #expect(outcome.status == StrataExit.usage.rawValue, "\(arguments): \(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: tool.store))
    }

    @Test func withoutKeysOthersAreNotLetIn() async throws {
        let tool = try await Tool()
        let outcome = try await tool.run("serve", "--host", "0.0.0.0", "--port", "0")
        #expect(outcome.status == StrataExit.refused.rawValue && outcome.errors.contains("strata key create"), "\(outcome.errors)")
        let missing = try await tool.run("serve", "--port", "0", "--certificate", "none.pem", "--private-key", "none.pem")
        #expect(missing.status == StrataExit.refused.rawValue && missing.errors.contains("none.pem"))
    }

    @Test func itAnswersUntilItIsToldToStop() async throws {
        let tool = try await Tool()
        let server = try await Server(tool)
        #expect(server.ready["requiresKey"] == false && server.ready["address"]?.stringValue == "http://127.0.0.1:\(server.port)/v0")
        #expect(try server.post("User/getQuotas").contains(#"{"result":{"quotas":[]}}"#))
        let outcome = await server.stop()
        #expect(outcome.status == 0, "\(outcome.errors)")
        // The session was given back.
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.store + "/staging").isEmpty)
    }

    @Test func aKeyIsNeededOnceThereIsOne() async throws {
        let tool = try await Tool()
        let key = try #require(try await tool.succeed("key", "create", "k", "--json").json()["key"]?.stringValue)
        let server = try await Server(tool)
        #expect(server.ready["requiresKey"] == true)
        #expect(try server.post("User/getQuotas").contains("bad_credentials"))
        #expect(try server.post("User/getQuotas", headers: "Authorization: Bearer \(key)\r\n").contains("quotas"))
        try await tool.succeed("key", "revoke", "k")
        while try server.post("User/getQuotas", headers: "Authorization: Bearer \(key)\r\n").contains("quotas") {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(await server.stop().status == 0)
        let open = try await Server(tool, ["--no-keys"])
        #expect(try open.post("User/getQuotas").contains("quotas"))
        #expect(await open.stop().status == 0)
    }

    /// The connections are another process's: here they would be in the way of every program that other tests start.
    @Test(.enabled(if: Tool.hasPython, "tools/setup makes .venv")) func tenThousandIdleConnectionsLeaveRoomForOneThatAsks() async throws {
        let tool = try await Tool()
        let server = try await Server(tool)
        let program = try tool.file("idle.py", Self.idleConnections)
        let idle = try tool.start(Tool.python, [program, "\(server.port)"])
        var count = 0
        while count == 0 {
            try #require(idle.process.isRunning, "\(String(decoding: FileManager.default.contents(atPath: idle.files.errors) ?? Data(), as: UTF8.self))")
            try await Task.sleep(for: .milliseconds(50))
            let said = String(decoding: FileManager.default.contents(atPath: idle.files.output) ?? Data(), as: UTF8.self)
            if said.hasSuffix("\n") { count = try #require(Int(said.dropLast())) }
        }
        #expect(try server.post("User/getQuotas").contains("quotas"))
        let metrics = try server.get("/metrics")
        let line = try #require(metrics.split(separator: "\n").first { $0.hasPrefix("strata_connections ") })
        #expect(try #require(line.split(separator: " ").last.flatMap { Int($0) }) > count)
        // Foundation starts programs with SIGTERM blocked.
        kill(idle.process.processIdentifier, SIGKILL)
        _ = await idle.outcome()
        #expect(await server.stop().status == 0)
    }

    /// Opens 10,000 connections, or as many as the machine lets one process have, says how many, and holds them. Each asks once: one
    /// that never does is closed long before an idle one.
    private static let idleConnections = """
        import resource, socket, sys, time
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        request = b"POST /v0/User/getQuotas HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 4\\r\\n\\r\\n\\0\\2{}"
        sockets = []
        for number in range(min(10_000, most - 500)):
            sockets.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
            sockets[-1].sendall(request)
            assert b"200" in sockets[-1].recv(65536)
        print(len(sockets), flush=True)
        time.sleep(3600)
        """
}

/// A `strata serve` that runs, and blocking calls to it.
private struct Server {
    let running: Tool.Running
    let ready: JSONValue
    let port: Int

    init(_ tool: Tool, _ arguments: [String] = []) async throws {
        running = try tool.start(Tool.executable, ["serve", "--port", "0", "--json", "--store", tool.store] + arguments)
        var text: [UInt8] = []
        while !text.contains(UInt8(ascii: "}")) {
            try #require(running.process.isRunning, "\(String(decoding: FileManager.default.contents(atPath: running.files.errors) ?? Data(), as: UTF8.self))")
            try await Task.sleep(for: .milliseconds(20))
            text = Array(FileManager.default.contents(atPath: running.files.output) ?? Data())
        }
        ready = try JSONValue.parse(text)
        port = Int(try #require(ready["port"]?.integerValue))
    }

    func stop() async -> Tool.Outcome {
        running.process.terminate()
        return await running.outcome()
    }

    func connect() throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(socket >= 0, "\(errno)")
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(status == 0, "\(errno)")
        return socket
    }

    func post(_ name: String, headers: String = "") throws -> String {
        let socket = try connect()
        defer { close(socket) }
        return try exchange(on: socket, name, headers: headers)
    }

    func exchange(on socket: Int32, _ name: String, headers: String = "") throws -> String {
        try exchange(on: socket, text: "POST /v0/\(name) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\(headers)\r\n\0\u{2}{}")
    }

    func get(_ path: String) throws -> String {
        let socket = try connect()
        defer { close(socket) }
        return try exchange(on: socket, text: "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", untilClose: true)
    }

    /// Head and body may come one after the other.
    private static func isWhole(_ answer: [UInt8]) -> Bool {
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased().split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        return answer.count - end.upperBound >= length ?? 0
    }

    private func exchange(on socket: Int32, text: String, untilClose: Bool = false) throws -> String {
        let bytes = Array(text.utf8)
        let sent = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try #require(sent == bytes.count)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while untilClose || !Self.isWhole(answer) {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
