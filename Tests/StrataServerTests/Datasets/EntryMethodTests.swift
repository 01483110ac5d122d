import DecthingsAPI
import Strata
import StrataTesting
import Testing

@testable import StrataServer

@Suite struct EntryMethodTests {
    /// A served dataset.
    private struct Served {
        let server: TestServer
        let id: String

        @discardableResult
        func call(_ method: String, _ params: String, blobs: [[UInt8]] = [], client: ClientKind = .named) async throws -> TestServer.Answer {
            try await server.call("Dataset/\(method)", #"{"datasetId":"\#(id)",\#(params)}"#, blobs: blobs, client: client)
        }

        func dataset() async throws -> DecthingsAPI.Dataset {
            try #require(try await server.call("Dataset/getDatasets").result(as: GetDatasetsResult.self).datasets.first)
        }

        /// The tensors of all entries of a folder, by key.
        func all(_ method: String = "getEntries") async throws -> [[[UInt8]]] {
            let answer = try await call(method, #""entries":{"start":0,"end":1000}"#)
            let result = try answer.result(as: GetEntriesResult.self)
            #expect(answer.blobs.count == result.keys.count * result.indexes.count)
            return result.indexes.indices.map { entry in
                Array(answer.blobs[entry * result.keys.count..<(entry + 1) * result.keys.count])
            }
        }
    }

    private func serve(
        keys: String = #"[{"name":"b","rules":{"shape":[],"allowedTypes":[]}},{"name":"a","rules":{"shape":[],"allowedTypes":["string"]}}]"#,
        limits: DatasetLimits = DatasetLimits(), _ body: (Served) async throws -> Void
    ) async throws {
        try await TestServer.with { plain in
            var options = APIService.Options()
            options.datasets = limits
            let server = TestServer(
                store: plain.store, service: APIService(store: plain.store, executor: plain.service.executor, options: options))
            let made = try await server.call("Dataset/createDataset", #"{"name":"d","description":"","keys":\#(keys)}"#)
            try await body(Served(server: server, id: try made.result(as: CreateDatasetResult.self).datasetId))
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(Tensor.scalar(text).bytes) }
    private static func number(_ value: Float) -> [UInt8] { Array(Tensor.scalar(value).bytes) }

    @Test func pythonsWorkedExampleIsTaken() async throws {
        try await serve { served in
            let blobs: [[UInt8]] = [[0x0b, 0x00, 0x03, 0x02, 0x68, 0x69], [0x01, 0x00, 0x00, 0x00, 0x80, 0x3f]]
            let answer = try await served.call("addEntries", #""keys": ["a", "b"]"#, blobs: blobs)
            let dataset = try await served.dataset()
            #expect(answer.result == ["newDatasetVersionId": .string(dataset.versionId)])
            #expect(dataset.entries == EntryTotals(count: 1, totalByteSize: 12))
            let read = try await served.call("getEntries", #""entries":[0]"#)
            #expect(read.result == ["keys": ["a", "b"], "indexes": [0]] && read.blobs == blobs)
        }
    }

    @Test func keysAreMatchedAsEachClientOrdersThem() async throws {
        // U+FF5E sorts behind U+1F600 by UTF-16 units (JavaScript) and before it by code point (Python, Rust).
        let (wide, smile) = ("\u{ff5e}", "\u{1f600}")
        let keys = #"[{"name":"\#(wide)","rules":{"shape":[],"allowedTypes":[]}},{"name":"\#(smile)","rules":{"shape":[],"allowedTypes":[]}}]"#
        let (first, second) = (Self.number(1), Self.number(2))
        for (given, wideComesFirst) in [([smile, wide], false), ([wide, smile], true)] {
            try await serve(keys: keys) { served in
                try await served.call("addEntries", #""keys":["\#(given[0])","\#(given[1])"]"#, blobs: [first, second])
                let read = try await served.call("getEntries", #""entries":[0]"#)
                #expect(read.result["keys"] == [.string(wide), .string(smile)], "by code point")
                #expect(read.blobs == (wideComesFirst ? [first, second] : [second, first]))
            }
        }
        // Rust: names in any order, blobs sorted.
        let unsorted = #"[{"name":"c","rules":{"shape":[],"allowedTypes":[]}},{"name":"a","rules":{"shape":[],"allowedTypes":[]}}]"#
        try await serve(keys: unsorted) { served in
            try await served.call("addEntries", #""keys":["c","a"]"#, blobs: [first, second])
            let read = try await served.call("getEntries", #""entries":[0]"#)
            #expect(read.result["keys"] == ["a", "c"] && read.blobs == [first, second])
        }
    }

    @Test func entriesAreReadByListAndByRange() async throws {
        try await serve { served in
            let blobs = (0..<5).flatMap { [Self.text("\($0)"), Self.number(Float($0))] }
            try await served.call("addEntries", #""keys":["a","b"]"#, blobs: blobs)
            for (selection, expected) in [
                ("[4,0,0,9]", [4, 0, 0]), (#"{"start":3,"end":99}"#, [3, 4]), (#"{"start":1,"end":1}"#, []), (#"{"start":3,"end":1}"#, []),
                ("[]", []), ("[9223372036854775807]", []), (#"{"start":0,"end":9223372036854775807}"#, [0, 1, 2, 3, 4]),
            ] as [(String, [Int])] {
                let answer = try await served.call("getEntries", #""entries":\#(selection)"#)
                let result = try answer.result(as: GetEntriesResult.self)
                #expect(result.keys == ["a", "b"] && result.indexes == expected.map(UInt64.init), "\(selection)")
                #expect(answer.blobs == expected.flatMap { [Self.text("\($0)"), Self.number(Float($0))] })
            }
            for bad in ["[-1]", #"{"start":-1,"end":2}"#, #"{"start":0}"#, "3", #"["0"]"#, "[0.5]"] {
                let error = try await served.call("getEntries", #""entries":\#(bad)"#).error
                #expect(error?.code == .invalidParameter && error?.parameterName == "entries", "\(bad)")
            }
        }
    }

    @Test func everyMethodRefusesAnOldVersionAndNamesThePresentOne() async throws {
        try await serve { served in
            let version = try await served.dataset().versionId
            let blobs = [Self.text("x"), Self.number(1)]
            try await served.call("addEntries", #""keys":["a","b"],"datasetVersionId":"\#(version)""#, blobs: blobs)
            try await served.call("addEntriesToNeedsReview", #""keys":["a","b"]"#, blobs: blobs)
            let before = try await served.dataset()
            for (method, params, blobs) in [
                ("addEntries", #""keys":["a","b"]"#, blobs), ("addEntriesToNeedsReview", #""keys":["a","b"]"#, blobs),
                ("finalizeNeedsReviewEntries", #""indexes":[0],"keys":["a","b"]"#, blobs), ("getEntries", #""entries":[0]"#, []),
                ("getNeedsReviewEntries", #""entries":[0]"#, []), ("removeEntries", #""entries":[0]"#, []),
                ("removeNeedsReviewEntries", #""entries":[0]"#, []),
            ] {
                let answer = try await served.call(method, #"\#(params),"datasetVersionId":"\#(version)""#, blobs: blobs)
                #expect(answer.error == .incorrectVersionID(current: before.versionId), "\(method)")
                #expect(answer.blobs == [])
            }
            #expect(try await served.dataset() == before)
        }
    }

    @Test func reviewedEntriesMoveOver() async throws {
        try await serve { served in
            let blobs = (0..<4).flatMap { [Self.text("raw \($0)"), Self.number(Float($0))] }
            try await served.call("addEntriesToNeedsReview", #""keys":["a","b"]"#, blobs: blobs)
            let size = Int64(Self.text("raw 0").count + Self.number(0).count)
            #expect(try await served.dataset().needsReviewEntries == EntryTotals(count: 4, totalByteSize: 4 * size))
            // Rust sends no keys here.
            let answer = try await served.call(
                "finalizeNeedsReviewEntries", #""indexes":[2,0]"#, blobs: [Self.text("x"), Self.number(7), Self.text("y"), Self.number(8)])
            let result = try answer.result(as: FinalizeNeedsReviewEntriesResult.self)
            let dataset = try await served.dataset()
            #expect(result.newDatasetVersionId == dataset.versionId && result.removedBytesFromNeedsReview == 2 * size)
            #expect(try await served.all() == [[Self.text("x"), Self.number(7)], [Self.text("y"), Self.number(8)]])
            #expect(try await served.all("getNeedsReviewEntries").map(\.first) == [Self.text("raw 1"), Self.text("raw 3")])
            for (indexes, blobs, code) in [
                ("[0,0]", Array(blobs[..<4]), APIErrorCode.invalidParameter), ("[0]", Array(blobs[..<4]), .invalidParameter),
                ("[2]", Array(blobs[..<2]), .indexOutOfRange), ("[-1]", Array(blobs[..<2]), .indexOutOfRange), ("[0]", [blobs[0]], .invalidParameter),
            ] {
                let error = try await served.call("finalizeNeedsReviewEntries", #""indexes":\#(indexes),"keys":["a","b"]"#, blobs: blobs).error
                #expect(error?.code == code, "\(indexes)")
            }
            #expect(try await served.dataset() == dataset)
        }
    }

    @Test func removedEntriesAreGoneAtOnce() async throws {
        try await serve { served in
            let blobs = (0..<4).flatMap { [Self.text("\($0)"), Self.number(Float($0))] }
            let size = Int64(blobs[0].count + blobs[1].count)
            for folder in ["", "NeedsReview"] {
                try await served.call(folder.isEmpty ? "addEntries" : "addEntriesToNeedsReview", #""keys":["a","b"]"#, blobs: blobs)
                let answer = try await served.call("remove\(folder)Entries", #""entries":[2,1]"#)
                var expected: [String: JSONValue] = [
                    "newDatasetVersionId": .string(try await served.dataset().versionId), "removedBytes": .integer(2 * size),
                ]
                if folder.isEmpty { expected.merge(["newWaitingToRemoveBytes": 0, "newWaitingToRemoveAmount": 0]) { $1 } }
                #expect(answer.result == expected)
                #expect(try await served.all("get\(folder)Entries").map(\.first) == [Self.text("0"), Self.text("3")])
                for (entries, code) in [("[2]", APIErrorCode.indexOutOfRange), ("[-1]", .indexOutOfRange), ("[0,0]", .invalidParameter), (#"["a"]"#, .invalidParameter)] {
                    let error = try await served.call("remove\(folder)Entries", #""entries":\#(entries)"#).error
                    #expect(error?.code == code, "\(entries)")
                    if code == .invalidParameter { #expect(error?.parameterName == "entries") }
                }
            }
            #expect(try await served.dataset().entriesWaitingToBeDeleted == EntryTotals(count: 0, totalByteSize: 0))
        }
    }

    @Test func brokenKeysAndTensorsAreRefusedAndNothingIsAdded() async throws {
        try await serve { served in
            let good = Self.text("x")
            let bad: [(keys: String, blobs: [[UInt8]])] = [
                (#"["a"]"#, [good]), (#"["a","b","c"]"#, [good, good, good]), (#"["a","a"]"#, [good, good]), (#"["a","c"]"#, [good, good]),
                (#"["a","b"]"#, [good]), (#"["a","b"]"#, [good, good, good]), (#"["a","b"]"#, [Self.number(1), good]), (#"["a","b"]"#, [good, []]),
                (#"["a","b"]"#, [good, [0]]), (#"["a","b"]"#, [good, [1]]), (#"["a","b"]"#, [good, [99, 0]]), (#"["a","b"]"#, [good, good + [0]]),
                (#"["a","b"]"#, [good, Self.number(1) + Self.number(2)]), (#"["a","b"]"#, [good, [1, 0, 0]]),
                (#"["a","b"]"#, [good, [1, 255]]), (#"["a","b"]"#, [good, [2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4]]),
                (#"["a","b"]"#, [good, [0x0b, 0, 3, 2, 0xff, 0xfe]]), (#"["a","b"]"#, [good, Array(Tensor([Float(1), 2]).bytes)]),
                (#"["a","b"]"#, [good, [14, 0, 2, 1, 7]]), ("{}", [good, good]),
            ]
            for (keys, blobs) in bad {
                let error = try await served.call("addEntries", #""keys":\#(keys)"#, blobs: blobs).error
                #expect(error?.code == .invalidParameter && error?.parameterName == "keys", "\(keys) \(blobs)")
            }
            #expect(try await served.dataset().entries.count == 0)
        }
    }

    @Test func whatClientsGetWrongIsMendedBeforeItIsStored() async throws {
        let keys = #"[{"name":"x","rules":{"shape":[-1],"allowedTypes":[]}}]"#
        try await serve(keys: keys) { served in
            // JavaScript's text lengths, its doubled audio lengths, Python's media layout, booleans above 1, long varints.
            let given: [[UInt8]] = [
                [0x0b, 1, 2, 5, 1, 0x61, 1, 0xc3, 0xa9], [0x0f, 1, 1, 8, 5, 6, 3, 0x77, 0x61, 0x76, 0x52, 0x49],
                [0x0e, 1, 1, 6, 5, 0x70, 0x6e, 0x67, 0x89, 0x50], [0x0d, 1, 3, 7, 0, 2], [0x07, 1, 0xfd, 0, 2, 8, 9],
            ]
            try await served.call("addEntries", #""keys":["x"]"#, blobs: given)
            #expect(
                try await served.all().map { $0[0] } == [
                    [0x0b, 1, 2, 5, 1, 0x61, 2, 0xc3, 0xa9], [0x0f, 1, 1, 7, 6, 3, 0x77, 0x61, 0x76, 0x52, 0x49],
                    [0x0e, 1, 1, 7, 6, 3, 0x70, 0x6e, 0x67, 0x89, 0x50], [0x0d, 1, 3, 1, 0, 1], [0x07, 1, 2, 8, 9],
                ])
            let python = try await served.call("getEntries", #""entries":[2,1]"#, client: .pythonAsync)
            #expect(python.blobs == [given[2], [0x0f, 1, 1, 6, 5, 0x77, 0x61, 0x76, 0x52, 0x49]])
        }
    }

    @Test func theSynchronousPythonClientGetsWhatItCanTakeApart() async throws {
        try await serve { served in
            try await served.call("addEntries", #""keys":["a","b"]"#, blobs: [Self.text("x"), Self.number(1), Self.text("y"), Self.text("z")])
            let answer = try await served.call("getEntries", #""entries":[1,0]"#, client: .pythonRequests)
            #expect(answer.result == ["keys": ["a", "b"], "indexes": [1, 0]])
            #expect(answer.blobs == [Self.text("y") + Self.text("z"), Self.text("x") + Self.number(1)])
            let normal = try await served.call("getEntries", #""entries":[1]"#, client: .pythonAsync)
            #expect(normal.blobs == [Self.text("y"), Self.text("z")])
        }
        // It fails at a number that something follows, in whatever layout.
        let keys = #"[{"name":"b","rules":{"shape":[],"allowedTypes":[]}},{"name":"a","rules":{"shape":[],"allowedTypes":[]}}]"#
        try await serve(keys: keys) { served in
            try await served.call("addEntries", #""keys":["a","b"]"#, blobs: [Self.number(1), Self.text("x")])
            let answer = try await served.call("getEntries", #""entries":[0]"#, client: .pythonRequests)
            #expect(answer.blobs == [Self.number(1), Self.text("x")])
        }
    }

    @Test func largeTensorsPassThroughAndTextsHaveABound() async throws {
        let keys = #"[{"name":"x","rules":{"shape":[-1,-1],"allowedTypes":["f32","u8","string"]}}]"#
        var limits = DatasetLimits()
        limits.variableTensorBytesMax = 100
        try await serve(keys: keys, limits: limits) { served in
            let elements = SeededBytes.random(9 << 20, seed: 4)
            let tensor = Array(Tensor(type: .f32, shape: [3, elements.count / 12], elementBytes: elements).bytes)
            try await served.call("addEntries", #""keys":["x"]"#, blobs: [tensor])
            #expect(try await served.all() == [[tensor]])
            let text = Array(Tensor.strings([String(repeating: "x", count: 101)], shape: [1, 1]).bytes)
            let error = try await served.call("addEntries", #""keys":["x"]"#, blobs: [text]).error
            #expect(error?.code == .invalidParameter && error?.reason?.contains("bound of 100") == true)
            #expect(try await served.dataset().entries.count == 1)
        }
    }

    @Test func aFolderTakesNoMoreEntriesThanConfigured() async throws {
        var limits = DatasetLimits()
        limits.entriesMax = 2
        try await serve(limits: limits) { served in
            let entry = [Self.text("x"), Self.number(1)]
            for method in ["addEntries", "addEntriesToNeedsReview"] {
                #expect(try await served.call(method, #""keys":["a","b"]"#, blobs: entry + entry + entry).error?.code == .limitExceeded)
                #expect(try await served.call(method, #""keys":["a","b"]"#, blobs: entry + entry).error == nil)
                #expect(try await served.call(method, #""keys":["a","b"]"#, blobs: entry).error?.code == .limitExceeded)
            }
            // Finalizing has no such code.
            let error = try await served.call("finalizeNeedsReviewEntries", #""indexes":[0],"keys":["a","b"]"#, blobs: entry).error
            #expect(error?.code == .quotaExceeded)
            let tooMany = "[" + Array(repeating: "0", count: StateStore.entryItemsMax / 2 + 1).joined(separator: ",") + "]"
            let read = try await served.call("getEntries", #""entries":\#(tooMany)"#)
            #expect(read.error?.code == .invalidParameter && read.error?.parameterName == "entries")
        }
    }

    @Test func inputsAreInterpretedAsDataAndNeverAsStatements() async throws {
        try await serve { served in
            try await served.call("addEntries", #""keys":["a","b"]"#, blobs: [Self.text("'; DROP TABLE datasets; --"), Self.number(1)])
            for hostile in ["' OR 1=1 --", "\\u0000", #"\"; DELETE FROM datasets; --"#, "%", "_"] {
                let answer = try await served.server.call(
                    "Dataset/getDatasets", #"{"filter":{"searchName":"\#(hostile)","names":["\#(hostile)"],"ids":["\#(hostile)"],"owners":["\#(hostile)"]}}"#)
                #expect(answer.result["total"] == 0, "\(hostile)")
                #expect(try await served.call("getEntries", #""entries":[0],"datasetVersionId":"\#(hostile)""#).error?.code == .incorrectVersionID)
            }
            #expect(try await served.all() == [[Self.text("'; DROP TABLE datasets; --"), Self.number(1)]])
        }
    }
}
