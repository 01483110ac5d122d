import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Synchronization
import Testing

@testable import StrataServer

/// Quotas, rates, the budget and errors on purpose: all before anything is written.
@Suite struct QuotaTests {
    private static let size = 1000

    private static func expectQuota(
        _ change: (inout ServerOptions) -> Void = { _ in }, limits: APIKeyLimits = APIKeyLimits(), letsIn: Int
    ) async throws {
        let box = StoreBox()
        let answering: RunningServer.Answering = { call, sink in
            let store = try #require(box.value)
            let model = try #require(try await store.models().items.first)
            let bytes = try await call.blobs.bytes(of: 0, sizeBytesMax: 1 << 20, parameterName: "params")
            let state = try await store.commitState(of: model.id, named: "s") { try await $0.write("w", bytes) }
            try await sink.answer(["stateId": state.id.rawValue])
        }
        try await RunningServer.with({
            $0.requiresKey = true
            change(&$0)
        }, answering: answering) { server async throws in
            let store = server.test.store
            box.value = store
            let model = try await store.createModel(named: "m")
            let before = try await store.states(of: model.id).total
            let (key, secret) = try await store.createAPIKey(named: "k", access: .readwrite, limits: limits)
            let headers = ["Authorization": "Bearer \(secret)"]
            var codes: [APIErrorCode?] = []
            for number in 0..<letsIn + 2 {
                let bytes = Array(repeating: UInt8(number), count: Self.size)
                codes.append(try await server.call("Model/uploadState", blobs: [bytes], headers: headers).error?.code)
            }
            #expect(codes == Array(repeating: nil, count: letsIn) + [.quotaExceeded, .quotaExceeded])
            #expect(try await store.states(of: model.id).total == before + letsIn)
            let holdings = try await store.holdings(of: key.id)
            #expect(holdings.models == 0 && holdings.states == letsIn && holdings.sizeBytes == Int64(letsIn * Self.size))
        }
    }

    @Test func aKeyHasSoManyBytes() async throws {
        try await Self.expectQuota(limits: APIKeyLimits(bytesMax: 2500), letsIn: 2)
    }

    @Test func aKeyHasSoManyStates() async throws {
        try await Self.expectQuota(limits: APIKeyLimits(statesMax: 3), letsIn: 3)
    }

    @Test func theStoreHasSoManyBytes() async throws {
        try await Self.expectQuota({ $0.storeQuota = StorageQuota(bytesMax: 2000) }, letsIn: 2)
    }

    @Test func uploadsSideBySideCannotPassABoundTogether() async throws {
        let (began, go) = (Signal(), Signal())
        try await RunningServer.with {
            $0.storeQuota = StorageQuota(bytesMax: 1500)
        } answering: { _, sink in
            began.fire()
            await go.wait()
            try await sink.begin(.emptyResult, blobSizesBytes: [])
        } _: { server async throws in
            let socket = try await ClientSocket.connect(port: server.port)
            let blob = Array(repeating: UInt8(1), count: Self.size)
            try await socket.send(Wire.post("Model/uploadState", Wire.frame("{}", [blob])))
            await began.wait()
            #expect(try await server.call("Model/uploadState", blobs: [blob]).error == APIError(.quotaExceeded))
            go.fire()
            #expect(try await socket.response().answer().error == nil)
            go.fire()
            #expect(try await server.call("Model/uploadState", blobs: [blob]).error == nil)
            socket.close()
        }
    }

    @Test func modelsAreCountedForTheKeyThatMadeThem() async throws {
        let box = StoreBox()
        try await RunningServer.with { $0.requiresKey = true } answering: { call, sink in
            let store = try #require(box.value)
            try await sink.answer(["modelId": try await store.createModel(named: UUID().uuidString).id.rawValue])
        } _: { server async throws in
            let store = server.test.store
            box.value = store
            try await store.createModel(named: "of somebody else")
            let (key, secret) = try await store.createAPIKey(named: "k", access: .readwrite, limits: APIKeyLimits(modelsMax: 1))
            let headers = ["Authorization": "Bearer \(secret)"]
            #expect(try await server.call("Model/createModel", headers: headers).error == nil)
            #expect(try await store.holdings(of: key.id).models == 1)
            #expect(try await store.holdings().models == 2)
            #expect(try await server.call("Model/createModel", headers: headers).error == APIError(.quotaExceeded))
            let own = try #require(try await store.models(ListFilter(), limit: 1).items.first)
            try await store.deleteModel(own.id)
            #expect(try await server.call("Model/createModel", headers: headers).error == nil)
        }
    }

    @Test func requestsComeAtARate() async throws {
        var bucket = TokenBucket(RequestRate(perSecond: 2, burst: 3), nowSeconds: 0)
        #expect((0..<4).map { _ in bucket.take(nowSeconds: 0) } == [true, true, true, false])
        #expect([0.4, 0.5, 0.6, 1.0].map { bucket.take(nowSeconds: $0) } == [false, true, false, true])
        #expect((0..<4).map { _ in bucket.take(nowSeconds: 100) } == [true, true, true, false])
        try await RunningServer.with { $0.requestRate = RequestRate(perSecond: 0.001, burst: 2) } _: { server async throws in
            let codes = [0, 1, 2].map { _ in "User/getQuotas" }
            var answers: [APIErrorCode?] = []
            for name in codes { answers.append(try await server.call(name).error?.code) }
            #expect(answers == [nil, nil, .tooManyRequests])
        }
        try await RunningServer.with { $0.requiresKey = true } _: { server async throws in
            let store = server.test.store
            let (_, slow) = try await store.createAPIKey(named: "a", access: .read, limits: APIKeyLimits(requestsPerSecond: 0.001, requestBurst: 1))
            let (_, free) = try await store.createAPIKey(named: "b", access: .read)
            func code(_ secret: String) async throws -> APIErrorCode? {
                try await server.call("User/getQuotas", headers: ["Authorization": "Bearer \(secret)"]).error?.code
            }
            #expect(try await code(slow) == nil)
            #expect(try await code(slow) == .tooManyRequests)
            #expect(try await code(free) == nil)
            #expect(try await code(free) == nil)
        }
    }

    @Test func theBudgetIsAsked() async throws {
        try await RunningServer.with { $0.budget = { key, method in method != .createState } } _: { server async throws in
            #expect(try await server.call("Model/createState").error == APIError(.paymentRequired))
            #expect(try await server.call("User/getQuotas").error == nil)
        }
    }

    @Test func errorsCanBeHadOnPurpose() async throws {
        try await RunningServer.with {
            $0.injections = [try! Injection(parsing: "User.getQuotas=too_many_requests"), try! Injection(parsing: "User/getUsers=unknown:0")]
            $0.allowsInjection = true
        } _: { server async throws in
            #expect(try await server.call("User/getQuotas").error == APIError(.tooManyRequests))
            #expect(try await server.call("User/getUsers").error == nil)
            let methods: [APIMethod] = [.createState, .createModel, .getEntries, .fsRead, .deletePersistentLauncher]
            for method in methods {
                for code in method.errorCodes.sorted(by: { $0.rawValue < $1.rawValue }) {
                    let error = try await server.call(method.rawValue, headers: ["x-strata-inject": code.rawValue]).error
                    #expect(error?.code == code, "\(method.rawValue)")
                }
            }
            #expect(try await server.call("User/getUsers", headers: ["x-strata-inject": "state_not_found"]).error?.parameterName == "x-strata-inject")
        }
        try await RunningServer.with { server async throws in
            #expect(try await server.call("User/getUsers", headers: ["x-strata-inject": "unknown"]).error == nil, "only where it is allowed")
        }
    }

    @Test func runsFailOnPurpose() async throws {
        try await RunningServer.with { $0.allowsInjection = true } _: { server async throws in
            let id = try await server.test.createModel()
            let location = #"{"type": "temporaryLauncher", "spec": {"cpus": 1, "memoryMebibytes": 512}}"#
            let create = #"{"modelId": "\#(id)", "name": "s", "params": [], "executionLocation": \#(location)}"#
            for (method, params) in [("Model/createState", create), ("Model/evaluate", #"{"modelId": "\#(id)", "params": []}"#)] {
                for code in RunFailure.Code.allCases where code != .invalidOutput || method == "Model/evaluate" {
                    let answer = try await server.call(method, params, headers: ["x-strata-inject": "failed.\(code.rawValue)"])
                    #expect(answer.result["failed"]?["error"]?["code"]?.stringValue == code.rawValue, "\(method)")
                }
            }
            #expect(try await server.test.store.states(of: id).total == 1)
        }
    }

    @Test func injectionsThatMakeNoSenseAreRefused() throws {
        let injection = try Injection(parsing: "Model.createState=quota_exceeded:0.1")
        #expect(injection.method == .createState && injection.outcome == .error(.quotaExceeded) && injection.probability == 0.1)
        for text in ["", "Model.createState", "Model.none=unknown", "Model.getModels=quota_exceeded", "Model.createState=unknown:2", "Model.createState=unknown:x", "Model.createState=:", "=", ".=:0", "Model.createState=unknown:",
            "Model.createState=failed.quota_exceeded", "Model.createState=failed.invalid_output", "Model.getModels=failed.cancelled"] {
            #expect(throws: APIError.self, "\(text)") { try Injection(parsing: text) }
        }
        do {
            _ = try Injection(parsing: "Model.createState=failed.none")
        } catch {
            #expect(error.reason?.contains("failed.cancelled") == true && error.reason?.contains("failed.invalid_output") == false)
        }
    }
}

/// Gives handlers the store of a server that starts after they were written.
final class StoreBox: Sendable {
    private let stored = Mutex<StateStore?>(nil)

    var value: StateStore? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
