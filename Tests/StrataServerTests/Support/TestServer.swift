import DecthingsAPI
import Foundation
import Logging
import ModelRuntime
import Strata
import StrataTesting
import Synchronization
import Testing

@testable import StrataServer

/// A service over a throw-away store, called as a transport calls it: with the bytes of a request frame.
struct TestServer {
    let store: StateStore
    let service: APIService

    /// What a call was answered.
    struct Answer {
        let envelope: Envelope
        let blobs: [[UInt8]]

        var error: APIError? { if case .error(let error) = envelope { error } else { nil } }
        /// The result's members; records an issue when the call was refused.
        var result: [String: JSONValue] {
            guard case .result(.object(let members)) = envelope else {
                Issue.record("expected a result, got \(envelope)")
                return [:]
            }
            return members
        }
        func result<Value: Decodable>(as type: Value.Type) throws -> Value {
            guard case .result(let value) = envelope else { throw error ?? APIError(.unknown) }
            return try value.decode(type)
        }
    }

    /// Runs `body` with a service over a new store; models run without isolation and limits unless `configuration` says so.
    static func with(
        configuration: ProcessExecutor.Configuration = .init(), _ body: (TestServer) async throws -> Void
    ) async throws {
        try await withTemporaryStore { store in
            let executor = ProcessExecutor(configuration: configuration)
            do {
                try await body(TestServer(store: store, service: APIService(store: store, executor: executor)))
            } catch {
                await executor.close()
                throw error
            }
            await executor.close()
        }
    }

    /// Calls `<Api>/<method>` with params as JSON text.
    @discardableResult
    func call(
        _ name: String, _ params: String = "{}", blobs: [[UInt8]] = [], as caller: Caller = .everybody,
        client: ClientKind = .named
    ) async throws -> Answer {
        let parts = name.split(separator: "/").map(String.init)
        let method = try #require(APIMethod(api: parts[0], method: parts[1]))
        let sink = CollectingSink()
        let call = Call(
            method: method, params: try JSONValue.parse(Array(params.utf8)), blobs: BufferedBlobs(blobs: blobs.map { $0[...] }),
            caller: caller, client: client, requestID: "test")
        _ = await service.answer(call, to: sink)
        return try sink.answer()
    }
}

/// Keeps an answer, and checks that it was announced as it came.
final class CollectingSink: AnswerSink {
    private struct Collected {
        var envelope: Envelope?
        var sizes: [Int] = []
        var bytes: [UInt8] = []
    }

    private let collected = Mutex(Collected())

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        try collected.withLock { collected in
            #expect(collected.envelope == nil, "an answer begins once")
            if case .encoded(let text) = envelope {
                collected.envelope = try Envelope(decoding: text[...])
            } else {
                collected.envelope = envelope
            }
            collected.sizes = blobSizesBytes
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        collected.withLock { $0.bytes.append(contentsOf: bytes) }
    }

    func answer() throws -> TestServer.Answer {
        let collected = collected.withLock { $0 }
        #expect(collected.bytes.count == collected.sizes.reduce(0, +), "all announced bytes come")
        var rest = collected.bytes[...]
        let blobs = collected.sizes.map { size -> [UInt8] in
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
        return TestServer.Answer(envelope: try #require(collected.envelope), blobs: blobs)
    }
}
