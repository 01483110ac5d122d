import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Testing

@testable import StrataServer

/// Bytes of whatever kind count for a key and for the store, in calls of the real methods.
@Suite struct ByteQuotaTests {
    /// A caller with a key of its own.
    private struct Client {
        let server: RunningServer
        let key: APIKey
        let headers: [String: String]

        init(_ server: RunningServer, _ name: String, bytesMax: Int64? = nil, statesMax: Int? = nil, rights: [String: AccessRight] = [:]) async throws {
            self.server = server
            let limits = APIKeyLimits(bytesMax: bytesMax, statesMax: statesMax)
            let (key, secret) = try await server.test.store.createAPIKey(named: name, access: .readwrite, rights: rights, limits: limits)
            (self.key, headers) = (key, ["Authorization": "Bearer \(secret)"])
        }

        @discardableResult
        func call(_ name: String, _ params: String, _ blobs: [[UInt8]] = []) async throws -> TestServer.Answer {
            try await server.call(name, params, blobs: blobs, headers: headers)
        }

        func code(_ name: String, _ params: String, _ blobs: [[UInt8]] = []) async throws -> String? {
            try await call(name, params, blobs).error?.code.rawValue
        }

        func holdings() async throws -> Holdings { try await server.test.store.holdings(of: key.id) }

        func model(_ name: String) async throws -> String {
            let options = #"{"type": "code", "language": "python", "preset": "none"}"#
            return try await call("Model/createModel", #"{"name": "\#(name)", "description": "", "options": \#(options)}"#)
                .result(as: CreateModelResult.self).modelId
        }

        func dataset(_ name: String) async throws -> String {
            let keys = #"[{"name": "x", "rules": {"shape": [-1], "allowedTypes": ["u8"]}}]"#
            return try await call("Dataset/createDataset", #"{"name": "\#(name)", "description": "", "keys": \#(keys)}"#)
                .result(as: CreateDatasetResult.self).datasetId
        }

        func file(_ model: String, _ name: String) async throws -> UInt64 {
            try await call("FS/mknod", #"{"modelId": "\#(model)", "parent": 1, "name": "\#(b64(name))", "mode": 33188, "dev": 0}"#)
                .result(as: FSInodeResult.self).inode
        }
    }

    private static func tensor(_ count: Int) -> [UInt8] { Array(Tensor([UInt8](repeating: 7, count: count), shape: [count]).bytes) }

    private func serve(_ quota: StorageQuota = StorageQuota(), _ body: (RunningServer) async throws -> Void) async throws {
        try await RunningServer.with({
            $0.requiresKey = true
            $0.storeQuota = quota
        }, body)
    }

    @Test(arguments: ["addEntries", "addEntriesToNeedsReview"])
    func entriesCountUntilTheyAreRemoved(method: String) async throws {
        try await serve { server in
            let blob = Self.tensor(1000)
            let client = try await Client(server, "k", bytesMax: Int64(2 * blob.count + 500))
            let id = try await client.dataset("d")
            let params = #"{"datasetId": "\#(id)", "keys": ["x"]}"#
            for _ in 0..<2 { #expect(try await client.code("Dataset/\(method)", params, [blob]) == nil) }
            #expect(try await client.holdings().datasetBytes == Int64(2 * blob.count))
            #expect(try await client.code("Dataset/\(method)", params, [blob]) == "quota_exceeded")
            let remove = method == "addEntries" ? "removeEntries" : "removeNeedsReviewEntries"
            #expect(try await client.code("Dataset/\(remove)", #"{"datasetId": "\#(id)", "entries": [0]}"#) == nil)
            #expect(try await client.holdings().sizeBytes == Int64(blob.count))
            #expect(try await client.code("Dataset/\(method)", params, [blob]) == nil)
        }
    }

    @Test func reviewedEntriesCountOnce() async throws {
        try await serve { server in
            let client = try await Client(server, "k", bytesMax: 2500)
            let id = try await client.dataset("d")
            let (raw, reviewed) = (Self.tensor(1000), Self.tensor(1100))
            try await client.call("Dataset/addEntriesToNeedsReview", #"{"datasetId": "\#(id)", "keys": ["x"]}"#, [raw])
            let params = #"{"datasetId": "\#(id)", "indexes": [0], "keys": ["x"]}"#
            #expect(try await client.code("Dataset/finalizeNeedsReviewEntries", params, [Self.tensor(1600)]) == "quota_exceeded")
            #expect(try await client.code("Dataset/finalizeNeedsReviewEntries", params, [reviewed]) == nil)
            #expect(try await client.holdings().sizeBytes == Int64(reviewed.count))
        }
    }

    @Test func bytesCountForWhoMadeWhatTheyGoInto() async throws {
        try await serve { server in
            let blob = Self.tensor(1000)
            let maker = try await Client(server, "maker", bytesMax: 1500)
            let id = try await maker.dataset("d")
            let helper = try await Client(server, "helper", bytesMax: 100)
            let params = #"{"datasetId": "\#(id)", "keys": ["x"]}"#
            #expect(try await helper.code("Dataset/addEntries", params, [blob]) == nil)
            #expect(try await (helper.holdings().sizeBytes, maker.holdings().sizeBytes) == (0, Int64(blob.count)))
            #expect(try await helper.code("Dataset/addEntries", params, [blob]) == "quota_exceeded")
            let stranger = try await server.test.store.createAPIKey(named: "stranger", access: nil)
            let answer = try await server.call("Dataset/addEntries", params, blobs: [blob], headers: ["Authorization": "Bearer \(stranger.1)"])
            #expect(answer.error?.code == .datasetNotFound, "who may not see it is not told how full it is")
        }
    }

    @Test func filesCountAndShrinkingIsAlwaysAllowed() async throws {
        try await serve { server in
            let client = try await Client(server, "k", bytesMax: 2501)
            let model = try await client.model("m")
            let inode = try await client.file(model, "f")
            func write(_ count: Int, at offset: Int) async throws -> String? {
                try await client.code(
                    "FS/write", #"{"modelId": "\#(model)", "inode": \#(inode), "offset": \#(offset)}"#, [Array(repeating: 1, count: count)])
            }
            func resize(_ size: Int) async throws -> String? {
                try await client.code("FS/setattr", #"{"modelId": "\#(model)", "inode": \#(inode), "size": \#(size)}"#)
            }
            #expect(try await write(2000, at: 0) == nil)
            #expect(try await client.holdings().fileBytes == 2000)
            let other = try await client.file(model, "h")
            #expect(try await client.code("FS/write", #"{"modelId": "\#(model)", "inode": \#(other), "offset": 0}"#, [[1]]) == nil)
            #expect(try await write(1000, at: 2000) == "ENOSPC")
            for size in [3000, Int(UInt32.max), Int.max] { #expect(try await resize(size) == "EFBIG") }
            #expect(try await resize(2500) == nil)
            let copy = #"{"modelId": "\#(model)", "inode": \#(inode), "newparent": 1, "newname": "\#(b64("g"))"}"#
            #expect(try await client.code("FS/copy", copy) == "ENOSPC")
            #expect(try await resize(1000) == nil)
            #expect(try await client.code("FS/copy", copy) == nil)
            #expect(try await client.holdings().sizeBytes == 2001)
        }
    }

    @Test func aSnapshotKeepsCountingWhenItsStateIsGone() async throws {
        try await serve { server in
            let client = try await Client(server, "k", bytesMax: 1500)
            let model = try await client.model("m")
            let upload = #"{"modelId": "\#(model)", "name": "s", "stateKeyNames": ["w"]}"#
            let blob = SeededBytes.random(1000, seed: 1)
            let state = try await client.call("Model/uploadState", upload, [blob]).result(as: UploadStateResult.self).stateId
            #expect(try await client.code("Model/updateModel", #"{"modelId": "\#(model)", "properties": {}}"#) == nil)
            let first = try #require(try await server.test.store.states(of: ModelID(rawValue: model)!).items.first?.id)
            try await server.test.store.activateState(StateID(rawValue: state)!, of: ModelID(rawValue: model)!)
            #expect(try await client.code("Model/snapshotModel", #"{"modelId": "\#(model)", "snapshotName": "kept"}"#) == nil)
            #expect(try await client.holdings().stateBytes == 1000, "what both name counts once")
            try await server.test.store.activateState(first, of: ModelID(rawValue: model)!)
            try await server.test.store.deleteState(StateID(rawValue: state)!, of: ModelID(rawValue: model)!)
            #expect(try await client.holdings().stateBytes == 1000)
            #expect(try await client.code("Model/uploadState", upload, [blob]) == "quota_exceeded")
        }
    }

    @Test func theStatesOfNewModelsCount() async throws {
        try await serve { server in
            let client = try await Client(server, "k", bytesMax: 2500)
            let model = try await client.model("m")
            let upload = #"{"modelId": "\#(model)", "name": "s", "stateKeyNames": ["w"]}"#
            let state = try await client.call("Model/uploadState", upload, [SeededBytes.random(1000, seed: 1)])
                .result(as: UploadStateResult.self).stateId
            try await server.test.store.activateState(StateID(rawValue: state)!, of: ModelID(rawValue: model)!)
            func copy(_ name: String) async throws -> String? {
                let options = #"{"type": "fromExisting", "modelId": "\#(model)"}"#
                return try await client.code("Model/createModel", #"{"name": "\#(name)", "description": "", "options": \#(options)}"#)
            }
            #expect(try await copy("a") == nil)
            let holdings = try await client.holdings()
            #expect((holdings.models, holdings.states) == (2, 3), "each model begins with a state")
            #expect(holdings.stateBytes == 1000, "a copy shares what it copies")
            try await server.test.store.commitState(of: ModelID(rawValue: model)!, named: "large", options: StateOptions(makeActive: true)) {
                try await $0.write("w", SeededBytes.random(2000, seed: 2))
            }
            #expect(try await copy("b") == "quota_exceeded")
        }
    }

    @Test func theStoreCountsEverything() async throws {
        try await serve(StorageQuota(bytesMax: 4000)) { server in
            let client = try await Client(server, "k")
            let (model, dataset) = (try await client.model("m"), try await client.dataset("d"))
            let inode = try await client.file(model, "f")
            let bytes = [UInt8](repeating: 1, count: 1200)
            #expect(try await client.code("FS/write", #"{"modelId": "\#(model)", "inode": \#(inode), "offset": 0}"#, [bytes]) == nil)
            let add = #"{"datasetId": "\#(dataset)", "keys": ["x"]}"#
            #expect(try await client.code("Dataset/addEntries", add, [Self.tensor(1200)]) == nil)
            let upload = #"{"modelId": "\#(model)", "name": "s", "stateKeyNames": ["w"]}"#
            #expect(try await client.code("Model/uploadState", upload, [bytes]) == nil)
            let holdings = try await server.test.store.holdings()
            #expect(holdings.fileBytes == 1200 && holdings.stateBytes == 1200 && holdings.datasetBytes == Int64(Self.tensor(1200).count))
            #expect(try await client.code("Model/uploadState", upload, [bytes]) == "quota_exceeded")
            #expect(try await client.code("Dataset/addEntries", add, [Self.tensor(1200)]) == "quota_exceeded")
            #expect(try await client.code("FS/write", #"{"modelId": "\#(model)", "inode": \#(inode), "offset": 1200}"#, [bytes]) == "ENOSPC")
        }
    }
}
