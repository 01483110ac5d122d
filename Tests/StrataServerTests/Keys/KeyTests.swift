import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Testing

@testable import StrataServer

/// Keys, what they may, and what they may have.
@Suite struct KeyTests {
    private static let who: RunningServer.Answering = { call, sink in
        try await sink.answer(["key": call.caller.keyID ?? "", "right": "\(call.caller.right.map { "\($0)" } ?? "none")"])
    }

    private static func bearer(_ secret: String) -> [String: String] { ["Authorization": "Bearer \(secret)"] }

    @Test func onlyAKeyOfTheStoreLetsACallIn() async throws {
        try await RunningServer.with({ $0.requiresKey = true }, answering: Self.who) { server async throws in
            let store = server.test.store
            let (key, secret) = try await store.createAPIKey(named: "alice", access: .read)
            for headers in [[:], Self.bearer(""), Self.bearer("wrong"), Self.bearer(String(secret.dropLast())), ["Authorization": "Basic \(secret)"]] {
                #expect(try await server.call("Model/getModels", headers: headers).error == APIError(.badCredentials), "\(headers)")
                #expect(try await server.call("Nothing/here", headers: headers).error == APIError(.badCredentials))
            }
            for headers in [Self.bearer(secret), Self.bearer("  \(secret)\t"), ["Authorization": "bearer \(secret)"]] {
                #expect(try await server.call("Model/getModels", headers: headers).result == ["key": .string(key.id.rawValue), "right": "read"])
            }
            try await store.revokeAPIKey(key.id)
            #expect(try await server.call("Model/getModels", headers: Self.bearer(secret)).error == APIError(.badCredentials))
            let seen = server.api.options.metrics.registry.prometheusText()
            #expect(seen.contains("strata_calls_total{code=\"bad_credentials\",method=\"Model/getModels\"}"))
        }
    }

    @Test func aRevocationByAnotherProcessIsSeen() async throws {
        try await RunningServer.with({ $0.requiresKey = true }, answering: Self.who) { server async throws in
            let (key, secret) = try await server.test.store.createAPIKey(named: "alice", access: .read)
            #expect(try await server.call("Model/getModels", headers: Self.bearer(secret)).error == nil)
            let other = try await StateStore.open(at: server.test.store.path)
            try await other.revokeAPIKey(key.id)
            try await other.close()
            while try await server.call("Model/getModels", headers: Self.bearer(secret)).error == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    @Test func keysAreKeptByDigestOnly() async throws {
        try await withTemporaryStore { store async throws in
            let (key, secret) = try await store.createAPIKey(
                named: "k", access: nil, rights: [ModelID.random().rawValue: .admin], limits: APIKeyLimits(bytesMax: 5, requestsPerSecond: 2))
            let (_, other) = try await store.createAPIKey(named: "k", access: .admin)
            #expect(secret != other && secret.utf8.count == 71)
            #expect(try await store.apiKeys().items.first == key)
            #expect(try await store.authenticate(secret) == key)
            for file in ["catalog.sqlite", "catalog.sqlite-wal"] {
                guard let bytes = FileManager.default.contents(atPath: store.path + "/" + file) else { continue }
                #expect(bytes.firstRange(of: Data(secret.utf8)) == nil, "\(file)")
                #expect(bytes.firstRange(of: Data(secret.utf8.dropFirst(7))) == nil, "\(file)")
            }
        }
    }

    @Test func whatIsWrongWithANewKeyIsSaid() async throws {
        try await withTemporaryStore { store async throws in
            func refused(_ name: String, _ rights: [String: AccessRight] = [:], _ limits: APIKeyLimits = APIKeyLimits()) async -> String? {
                do throws(StrataError) {
                    _ = try await store.createAPIKey(named: name, access: .read, rights: rights, limits: limits)
                    return nil
                } catch {
                    return error.parameterName
                }
            }
            #expect(await refused("") == "name")
            #expect(await refused("k", ["minilm": .read]) == "rights")
            #expect(await refused("k", [:], APIKeyLimits(bytesMax: -1)) == "bytesMax")
            #expect(await refused("k", [:], APIKeyLimits(requestsPerSecond: 0)) == "requestsPerSecond")
            #expect(await refused("k", [:], APIKeyLimits(requestBurst: 3)) == "requestBurst")
            #expect(try await store.apiKeys().total == 0)
            #expect(try await store.hasUsableAPIKey() == false)
        }
    }

    @Test func rightsToOneModelGoBeforeTheRightToAll() async throws {
        try await withTemporaryStore { store async throws in
            let (one, two) = (ModelID.random().rawValue, ModelID.random().rawValue)
            let caller = Caller(try await store.createAPIKey(named: "k", access: .readwrite, rights: [one: .read, two: .admin]).key)
            #expect(caller.right(to: one, isPublic: false) == .read)
            #expect(caller.right(to: two, isPublic: false) == .admin)
            #expect(caller.right(to: "other", isPublic: false) == .readwrite)
            let stranger = Caller(try await store.createAPIKey(named: "k", access: nil, rights: [one: .readwrite]).key)
            #expect(stranger.right(to: "other", isPublic: false) == nil)
            #expect(stranger.right(to: "other", isPublic: true) == .read)
            #expect(throws: APIError.self) { try stranger.requireRightToCreate() }
        }
    }
}
