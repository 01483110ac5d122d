import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Testing

@testable import StrataServer

/// A state whose bytes are damaged on disk: its client is told, or sees that the answer broke off; other calls go on.
@Suite struct DamagedStateTests {
    private struct Served {
        let server: RunningServer
        let params: String
    }

    /// Serves a model whose state of `sizeBytes` random bytes is damaged in the middle of each pack.
    private func serve(sizeBytes: Int, _ body: (Served) async throws -> Void) async throws {
        try await RunningServer.with { server async throws in
            let store = server.test.store
            let model = try await store.createModel(named: "m")
            let state = try await store.commitState(of: model.id, named: "s") {
                try await $0.write("w", SeededBytes.random(sizeBytes, seed: 3))
            }
            try Self.damagePacks(of: store.path)
            let params = #"{"modelId": "\#(model.id)", "stateId": "\#(state.id)"}"#
            try await body(Served(server: server, params: params))
            #expect(try await server.call("Model/getModels").error == nil)
        }
    }

    private static func damagePacks(of store: String) throws {
        let packs = try #require(FileManager.default.enumerator(atPath: store + "/packs"))
        var count = 0
        for case let name as String in packs where name.hasSuffix(".pack") {
            let url = URL(fileURLWithPath: store + "/packs/" + name)
            var bytes = try Data(contentsOf: url)
            bytes[bytes.count / 2] ^= 0xff
            chmod(url.path, 0o644)
            try bytes.write(to: url)
            count += 1
        }
        #expect(count > 0)
    }

    @Test func aSmallOneIsAnsweredWithAnErrorOverHTTP() async throws {
        try await serve(sizeBytes: 100_000) { served async throws in
            #expect(try await served.server.call("Model/getModelState", served.params).error?.code == .unknown)
        }
    }

    @Test func aLargeOneBreaksOffOverHTTP() async throws {
        try await serve(sizeBytes: 3_000_000) { served async throws in
            await #expect(throws: (any Error).self) { try await served.server.call("Model/getModelState", served.params) }
        }
    }

    @Test func aSmallOneIsAnsweredWithAnErrorOverAWebSocket() async throws {
        try await serve(sizeBytes: 100_000) { served async throws in
            let client = try await WebSocketClient.connect(port: served.server.port)
            try await client.send(WebSocketTests.message(5, "Model/getModelState", served.params))
            let (id, answer) = try await WebSocketTests.answer(client)
            #expect(id == 5 && answer.error?.code == .unknown)
            try await client.send(WebSocketTests.message(6, "Model/getModels"))
            #expect(try await WebSocketTests.answer(client).id == 6)
            client.close()
        }
    }

    /// What shows before the first piece is sent is answered; after that the connection goes.
    @Test func aLargeOneIsAnsweredWithAnErrorOrEndsTheWebSocket() async throws {
        try await serve(sizeBytes: 3_000_000) { served async throws in
            let client = try await WebSocketClient.connect(port: served.server.port)
            try await client.send(WebSocketTests.message(5, "Model/getModelState", served.params))
            let answer = try? await WebSocketTests.answer(client)
            #expect(answer == nil || answer?.answer.error?.code == .unknown)
            client.close()
        }
    }
}
