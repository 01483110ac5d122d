import Strata
import StrataTesting
import Testing

@Suite struct DatasetTests {
    private static let keys = [
        ParameterDefinition(name: "image", shape: [-1, 2], allowedTypes: ["u8", "f32"]), ParameterDefinition(name: "label"),
    ]

    private func withDataset(_ body: (StateStore, Dataset) async throws -> Void) async throws {
        try await withTemporaryStore { store in
            try await body(store, try await store.createDataset(named: "d", keys: Self.keys, description: "x", tags: [Tag("a", "b")]))
            try await expectNothingLeft(in: store)
        }
    }

    private static func entry(_ number: Int, bytes: [UInt8]? = nil) -> [String: Item] {
        [
            "image": Item(elementType: "u8", shape: [number, 2], bytes: bytes ?? SeededBytes.random(number * 2, seed: UInt64(number))),
            "label": Item(elementType: "i64", shape: [], bytes: [UInt8(number % 256)]),
        ]
    }

    @Test func aNewDatasetIsEmpty() async throws {
        try await withDataset { store, dataset in
            #expect(dataset.entryCount == 0 && dataset.sizeBytes == 0 && dataset.keys == Self.keys)
            #expect(dataset.name == "d" && dataset.description == "x" && dataset.tags == [Tag("a", "b")])
            let read = try await store.dataset(dataset.id)
            #expect(read == dataset)
            let items = try await store.items(of: "image", in: 0..<10, of: dataset.id)
            #expect(items == [])
        }
    }

    @Test func entriesAreReadBackByRangeInOrder() async throws {
        try await withDataset { store, dataset in
            let first = try await store.appendEntries((0..<5).map { Self.entry($0) }, to: dataset.id)
            let second = try await store.appendEntries((5..<12).map { Self.entry($0) }, to: dataset.id, expectedVersionID: first)
            let read = try await store.dataset(dataset.id)
            #expect(read.entryCount == 12 && read.versionID == second && first != second && dataset.versionID != first)
            #expect(read.sizeBytes == 2 * 66 + 12)
            for (range, expected) in [(0..<12, 0..<12), (3..<7, 3..<7), (10..<99, 10..<12), (12..<20, 12..<12)] {
                let items = try await store.items(of: "image", in: range, of: dataset.id)
                #expect(items == expected.map { Self.entry($0)["image"]! })
            }
            let labels = try await store.items(of: "label", in: 0..<12, of: dataset.id)
            #expect(labels.map(\.bytes) == (0..<12).map { [UInt8($0)] })
        }
    }

    @Test func largeItemsAreStoredOnce() async throws {
        try await withDataset { store, dataset in
            let bytes = SeededBytes.random(3 << 20, seed: 1)
            try await store.appendEntries([Self.entry(1, bytes: bytes), Self.entry(2, bytes: bytes)], to: dataset.id)
            let items = try await store.items(of: "image", in: 1..<2, of: dataset.id)
            #expect(items.first?.bytes == bytes)
            let packBytes = try StoreFolder(store).packBytes()
            #expect(packBytes < 4 << 20)
        }
    }

    @Test func entriesThatDoNotFitAreRefusedTogether() async throws {
        try await withDataset { store, dataset in
            let label = Item(elementType: "i64", shape: [], bytes: [1])
            let image = Item(elementType: "u8", shape: [1, 2], bytes: [1, 2])
            let bad: [([String: Item], String)] = [
                (["image": image], "label"), (["image": image, "label": label, "more": label], "more"), ([:], "image"),
                (["image": Item(elementType: "i64", shape: [1, 2], bytes: []), "label": label], "i64"),
                (["image": Item(elementType: "u8", shape: [1, 3], bytes: []), "label": label], "[1, 3]"),
                (["image": Item(elementType: "u8", shape: [2], bytes: []), "label": label], "[2]"),
            ]
            for (entry, word) in bad {
                await expectRefusal(.invalidParameter, field: "keys", words: ["entry 1", word]) {
                    try await store.appendEntries([Self.entry(1), entry], to: dataset.id)
                }
            }
            let read = try await store.dataset(dataset.id)
            #expect(read == dataset)
        }
    }

    @Test func anOutdatedVersionIsRefused() async throws {
        try await withDataset { store, dataset in
            let version = try await store.appendEntries([Self.entry(1)], to: dataset.id)
            let error = await expectRefusal(.incorrectVersionID, words: [dataset.versionID, version]) {
                try await store.appendEntries(
                    [Self.entry(2, bytes: SeededBytes.random(200_000, seed: 1))], to: dataset.id, expectedVersionID: dataset.versionID)
            }
            #expect(error?.context["datasetVersionId"] == version)
            let count = try await store.dataset(dataset.id).entryCount
            #expect(count == 1)
        }
    }

    @Test func datasetsAreListedWithAFilter() async throws {
        try await withDataset { store, dataset in
            let other = try await store.createDataset(named: "other", keys: Self.keys)
            let all = try await store.datasets()
            #expect(all.items.map(\.id) == [other.id, dataset.id] && all.total == 2)
            let named = try await store.datasets(ListFilter(names: ["d"]))
            #expect(named.items.map(\.id) == [dataset.id] && named.total == 1)
            var filter = ListFilter()
            filter.tags = [Tag("a", "b")]
            let tagged = try await store.datasets(filter)
            #expect(tagged.items.map(\.id) == [dataset.id])
        }
    }

    @Test func badDatasetsAreRefused() async throws {
        try await withDataset { store, dataset in
            await expectRefusal(.nameAlreadyUsed) { try await store.createDataset(named: "d", keys: Self.keys) }
            await expectRefusal(.invalidParameter, field: "keys", words: ["0 keys", "255"]) {
                try await store.createDataset(named: "e", keys: [])
            }
            await expectRefusal(.invalidParameter, field: "keys", words: ["256", "255"]) {
                try await store.createDataset(named: "e", keys: (0..<256).map { .init(name: "\($0)") })
            }
            await expectRefusal(.invalidParameter, field: "keys", words: ["`a`", "twice"]) {
                try await store.createDataset(named: "e", keys: [.init(name: "a"), .init(name: "a")])
            }
            await expectRefusal(.invalidParameter, field: "description", words: ["65537"]) {
                try await store.createDataset(named: "e", keys: Self.keys, description: String(repeating: "x", count: 65537))
            }
            await expectRefusal(.datasetKeyNotFound, words: ["`none`"]) {
                _ = try await store.items(of: "none", in: 0..<1, of: dataset.id)
            }
            let total = try await store.datasets().total
            #expect(total == 1)
        }
    }

    @Test func aDeletedDatasetIsGoneWithItsBytes() async throws {
        try await withDataset { store, dataset in
            try await store.appendEntries([Self.entry(1, bytes: SeededBytes.random(200_000, seed: 1))], to: dataset.id)
            try await store.deleteDataset(dataset.id)
            await expectRefusal(.datasetNotFound, words: [dataset.id.rawValue]) { _ = try await store.dataset(dataset.id) }
            await expectRefusal(.datasetNotFound) { try await store.deleteDataset(dataset.id) }
            await expectRefusal(.datasetNotFound) { try await store.appendEntries([Self.entry(1)], to: dataset.id) }
            await expectRefusal(.datasetNotFound) { _ = try await store.items(of: "image", in: 0..<1, of: dataset.id) }
            let statistics = try await store.statistics()
            #expect(statistics.datasetCount == 0 && statistics.distinctBytes == 0 && statistics.logicalBytes == 0)
        }
    }
}
