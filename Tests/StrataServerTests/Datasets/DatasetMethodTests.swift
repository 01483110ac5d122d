import DecthingsAPI
import Strata
import StrataTesting
import Testing

@testable import StrataServer

@Suite struct DatasetMethodTests {
    private static let keys = #"[{"name":"x","rules":{"shape":[-1],"allowedTypes":["f32","u8"]}}]"#

    private func create(_ name: String, _ server: TestServer, more: String = "") async throws -> (id: String, version: String) {
        let answer = try await server.call(
            "Dataset/createDataset", #"{"name":"\#(name)","description":"d","keys":\#(Self.keys)\#(more)}"#)
        let result = try answer.result(as: CreateDatasetResult.self)
        return (result.datasetId, result.datasetVersionId)
    }

    private func listed(_ params: String, _ server: TestServer, as caller: Caller = .everybody) async throws -> GetDatasetsResult {
        try await server.call("Dataset/getDatasets", params, as: caller).result(as: GetDatasetsResult.self)
    }

    @Test func aNewDatasetIsShownWholly() async throws {
        try await TestServer.with { server in
            let (id, version) = try await create("d", server, more: #","publicAccess":true,"tags":[{"tag":"t","value":"v"}]"#)
            let page = try await server.call("Dataset/getDatasets")
            let dataset = try #require(page.result["datasets"]?.arrayValue?.first)
            #expect(dataset["id"] == .string(id) && dataset["versionId"] == .string(version) && dataset["name"] == "d")
            #expect(dataset["description"] == "d" && dataset["publicAccess"] == true && dataset["access"] == "readwrite")
            #expect(dataset["tags"] == [["tag": "t", "value": "v"]])
            #expect(dataset["owner"] == ["type": "user", "userId": "local", "username": "local"])
            #expect(
                dataset["keys"] == [
                    ["name": "x", "required": true, "rules": ["shape": [-1], "allowedTypes": ["f32", "u8"], "annotations": []]],
                ])
            for part in ["entries", "needsReviewEntries", "entriesWaitingToBeDeleted"] {
                #expect(dataset[part] == ["count": 0, "totalByteSize": 0])
            }
            #expect(dataset["createdAt"]?.integerValue ?? 0 > 1_600_000_000_000)
            #expect(page.result["total"] == 1 && page.result["offset"] == 0 && page.result["limit"] == 20)
        }
    }

    @Test func datasetsAreFilteredSortedAndPaged() async throws {
        try await TestServer.with { server in
            var ids: [String: String] = [:]
            for name in ["b", "a", "Car"] {
                ids[name] = try await create(name, server, more: name == "a" ? #","tags":[{"tag":"k","value":"1"}]"# : "").id
            }
            func names(_ params: String) async throws -> [String] { try await listed(params, server).datasets.map(\.name) }
            #expect(try await names("{}") == ["Car", "a", "b"])
            #expect(try await names(#"{"sort":"name","sortDirection":"asc"}"#) == ["Car", "a", "b"])
            #expect(try await names(#"{"sort":"createdAt","sortDirection":"asc"}"#) == ["b", "a", "Car"])
            #expect(try await names(#"{"filter":{"names":["a","b","none"]}}"#) == ["a", "b"])
            #expect(try await names(#"{"filter":{"ids":["\#(ids["b"]!)"],"names":["a"]}}"#) == [])
            #expect(try await names(#"{"filter":{"searchName":"AR"}}"#) == ["Car"])
            #expect(try await names(#"{"filter":{"tags":[{"tag":"k","value":"1"}]}}"#) == ["a"])
            #expect(try await names(#"{"filter":{"owners":["local"]}}"#).count == 3)
            #expect(try await names(#"{"filter":{"owners":["somebody"]}}"#) == [])
            let page = try await listed(#"{"offset":1,"limit":1}"#, server)
            #expect(page.datasets.map(\.name) == ["a"] && page.total == 3 && page.offset == 1 && page.limit == 1)
            let none = try await listed(#"{"limit":0}"#, server)
            #expect(none.datasets == [] && none.total == 3 && none.limit == 0)
            let large = try await listed(#"{"limit":5000}"#, server)
            #expect(large.limit == 100)
            for bad in [#"{"sort":"size"}"#, #"{"limit":-1}"#, #"{"offset":-1}"#, #"{"filter":[]}"#, #"{"filter":{"ids":"x"}}"#] {
                #expect(try await server.call("Dataset/getDatasets", bad).error?.code == .invalidParameter, "\(bad)")
            }
        }
    }

    @Test func callersSeeWhatTheyMaySee() async throws {
        try await TestServer.with { server in
            let (secret, _) = try await create("secret", server)
            let (mine, _) = try await create("mine", server)
            let (open, _) = try await create("open", server, more: #","publicAccess":true"#)
            let caller = Caller(right: nil, rightsByID: [mine: .readwrite])
            let seen = try await listed(#"{"sort":"name"}"#, server, as: caller)
            #expect(seen.datasets.map(\.id) == [open, mine] && seen.total == 2)
            #expect(seen.datasets.map(\.access) == [.read, .readwrite])
            let change = { (id: String) in #"{"datasetId":"\#(id)","properties":{"description":"y"}}"# }
            #expect(try await server.call("Dataset/updateDataset", change(secret), as: caller).error == .datasetNotFound(secret))
            #expect(try await server.call("Dataset/updateDataset", change(open), as: caller).error?.code == .accessDenied)
            #expect(try await server.call("Dataset/updateDataset", change(mine), as: caller).error == nil)
            #expect(try await server.call("Dataset/deleteDataset", #"{"datasetId":"\#(mine)"}"#, as: caller).error?.code == .accessDenied)
            let create = #"{"name":"n","description":"","keys":\#(Self.keys)}"#
            #expect(try await server.call("Dataset/createDataset", create, as: caller).error?.code == .accessDenied)
            #expect(try await server.call("Dataset/getEntries", #"{"datasetId":"\#(open)","entries":[0]}"#, as: caller).error == nil)
            let empty = #"{"datasetId":"\#(open)","keys":["x"]}"#
            #expect(try await server.call("Dataset/addEntries", empty, as: caller).error?.code == .accessDenied)
        }
    }

    @Test func onlyGivenPropertiesChangeAndTheVersionStays() async throws {
        try await TestServer.with { server in
            let (id, version) = try await create("d", server, more: #","tags":[{"tag":"t","value":"v"}]"#)
            _ = try await create("other", server)
            for (properties, check) in [
                (#"{"name":"e"}"#, { (d: DecthingsAPI.Dataset) in d.name == "e" && d.description == "d" && d.tags.count == 1 }),
                (#"{"publicAccess":true,"tags":[]}"#, { $0.publicAccess && $0.tags == [] && $0.name == "e" }), ("{}", { $0.name == "e" }),
            ] {
                let answer = try await server.call("Dataset/updateDataset", #"{"datasetId":"\#(id)","properties":\#(properties)}"#)
                #expect(answer.result == [:])
                let dataset = try #require(try await listed(#"{"filter":{"ids":["\#(id)"]}}"#, server).datasets.first)
                #expect(check(dataset) && dataset.versionId == version, "\(properties)")
            }
            for (properties, code) in [
                (#"{"name":"other"}"#, APIErrorCode.nameAlreadyUsed), (#"{"name":""}"#, .invalidParameter), (#"{"name":"a/b"}"#, .invalidParameter),
                (#"{"name":5}"#, .invalidParameter), (#"{"tags":{}}"#, .invalidParameter), ("[]", .invalidParameter),
            ] {
                let answer = try await server.call("Dataset/updateDataset", #"{"datasetId":"\#(id)","properties":\#(properties)}"#)
                #expect(answer.error?.code == code, "\(properties)")
            }
        }
    }

    @Test func badDatasetsAreRefused() async throws {
        try await TestServer.with { server in
            _ = try await create("d", server)
            for (params, code, name) in [
                (#"{"name":"d","description":"","keys":\#(Self.keys)}"#, APIErrorCode.nameAlreadyUsed, nil as String?),
                (#"{"name":"org/d","description":"","keys":\#(Self.keys)}"#, .organizationNotFound, nil),
                (#"{"name":"e","description":"","keys":[]}"#, .invalidParameter, "keys"),
                (#"{"name":"e","description":""}"#, .invalidParameter, "keys"),
                (#"{"name":"e","keys":\#(Self.keys)}"#, .invalidParameter, "description"),
                (#"{"name":"e","description":"","keys":[{"name":"x","rules":{"shape":[-2],"allowedTypes":[]}}]}"#, .invalidParameter, "keys"),
                (#"{"name":"e","description":"","keys":[{"name":"x","rules":{"shape":[],"allowedTypes":["f16"]}}]}"#, .invalidParameter, "keys"),
                (#"{"name":"e","description":"","keys":[{"name":"","rules":{"shape":[],"allowedTypes":[]}}]}"#, .invalidParameter, "keys"),
                (#"{"name":"","description":"","keys":\#(Self.keys)}"#, .invalidParameter, "name"),
                (#"{"name":"e","description":"","keys":\#(Self.keys),"tags":[{"tag":"","value":""}]}"#, .invalidParameter, "tags"),
            ] {
                let error = try await server.call("Dataset/createDataset", params).error
                #expect(error?.code == code && (name == nil || error?.parameterName == name), "\(params): \(String(describing: error))")
            }
            #expect(try await listed("{}", server).total == 1)
        }
    }

    @Test func whatIsNoDatasetIsNotFound() async throws {
        try await TestServer.with { server in
            let (id, _) = try await create("d", server)
            #expect(try await server.call("Dataset/deleteDataset", #"{"datasetId":"\#(id)"}"#).result == [:])
            for unknown in [id, "x", "", "../../etc", String(repeating: "a", count: 36)] {
                for (method, params) in [
                    ("deleteDataset", ""), ("updateDataset", #","properties":{}"#), ("addEntries", #","keys":["x"]"#),
                    ("addEntriesToNeedsReview", #","keys":["x"]"#), ("finalizeNeedsReviewEntries", #","indexes":[],"keys":["x"]"#),
                    ("getEntries", #","entries":[0]"#), ("getNeedsReviewEntries", #","entries":{"start":0,"end":1}"#),
                    ("removeEntries", #","entries":[0]"#), ("removeNeedsReviewEntries", #","entries":[0]"#),
                ] {
                    let answer = try await server.call("Dataset/\(method)", #"{"datasetId":"\#(unknown)"\#(params)}"#)
                    #expect(answer.error == .datasetNotFound(unknown), "\(method) of \(unknown)")
                }
            }
        }
    }
}
