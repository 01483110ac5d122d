import GRDB
import Strata
import StrataTesting
import Testing

/// Both folders of a dataset: adding, reviewing, removing, reading whole entries.
@Suite struct DatasetEntryTests {
    private static let keys = [ParameterDefinition(name: "b", allowedTypes: ["u8"]), ParameterDefinition(name: "a", shape: [-1])]

    private func withDataset(_ body: (StateStore, DatasetID) async throws -> Void) async throws {
        try await withTemporaryStore { store in
            let dataset = try await store.createDataset(named: "d", keys: Self.keys)
            try await body(store, dataset.id)
            try await expectNothingLeft(in: store)
        }
    }

    private static func items(_ number: Int) -> (a: Item, b: Item) {
        (
            Item(elementType: "f32", shape: [number], bytes: SeededBytes.random(number * 4, seed: UInt64(number))),
            Item(elementType: "u8", shape: [], bytes: [UInt8(number % 256)])
        )
    }

    private func add(
        _ numbers: some Sequence<Int>, to id: DatasetID, in folder: Dataset.Folder, _ store: StateStore, version: String? = nil
    ) async throws -> String {
        try await store.addEntries(to: id, in: folder, expectedVersionID: version) { writer in
            for number in numbers {
                try await writer.write("a", Self.items(number).a)
                try await writer.write("b", Self.items(number).b)
            }
        }
    }

    /// The numbers of the entries in a folder, by their bytes under `b`; the bytes under `a` are checked.
    private func numbers(
        in folder: Dataset.Folder, of id: DatasetID, _ store: StateStore, _ selection: EntrySelection = .range(0..<Int.max)
    ) async throws -> [Int] {
        try await store.withEntries(selection, of: id, in: folder) { reader in
            #expect(reader.keys == Self.keys)
            var numbers: [Int] = []
            for entry in reader.indexes.indices {
                var (a, b): ([UInt8], [UInt8]) = ([], [])
                try await reader.read(entry: entry, key: 0) { b += $0 }
                try await reader.read(entry: entry, key: 1) { a += $0 }
                #expect(a == Self.items(Int(b[0])).a.bytes && Int(reader.sizeBytes(entry: entry, key: 1)) == a.count)
                #expect(reader.elementType(entry: entry, key: 1) == "f32" && reader.elementType(entry: entry, key: 0) == "u8")
                numbers.append(Int(b[0]))
            }
            return numbers
        }
    }

    @Test func foldersAreApartAndCounted() async throws {
        try await withDataset { store, id in
            _ = try await add(0..<4, to: id, in: .needsReview, store)
            let version = try await add(10..<13, to: id, in: .entries, store)
            let listing = try #require(try await store.datasetListings().items.first)
            #expect(listing.dataset.versionID == version)
            #expect(listing.needsReview == Dataset.Totals(count: 4, sizeBytes: 4 * 6 + 4))
            #expect(listing.dataset.entries == Dataset.Totals(count: 3, sizeBytes: 4 * 33 + 3))
            #expect(try await numbers(in: .needsReview, of: id, store) == [0, 1, 2, 3])
            #expect(try await numbers(in: .entries, of: id, store) == [10, 11, 12])
            let items = try await store.items(of: "b", in: 0..<9, of: id)
            #expect(items.map(\.bytes) == [[10], [11], [12]], "only finished entries are given to models")
        }
    }

    @Test func entriesAreReadByListWithOrderAndRepeatsAndWhatIsMissingIsPassedOver() async throws {
        try await withDataset { store, id in
            _ = try await add(0..<6, to: id, in: .entries, store)
            #expect(try await numbers(in: .entries, of: id, store, .indexes([5, 0, 99, 3, 3, -1])) == [5, 0, 3, 3])
            #expect(try await numbers(in: .entries, of: id, store, .range(4..<40)) == [4, 5])
            #expect(try await numbers(in: .entries, of: id, store, .range(7..<9)) == [])
            #expect(try await numbers(in: .needsReview, of: id, store) == [])
            await expectRefusal(.incorrectVersionID) {
                try await store.withEntries(.range(0..<1), of: id, expectedVersionID: "old") { _ in }
            }
            await expectRefusal(.limitExceeded, words: ["524289", "1048576"]) {
                try await store.withEntries(.indexes(Array(repeating: 0, count: 524_289)), of: id) { _ in }
            }
        }
    }

    @Test(arguments: Dataset.Folder.allCases)
    func positionsCloseUpBehindWhatIsRemoved(folder: Dataset.Folder) async throws {
        try await withDataset { store, id in
            _ = try await add(0..<40, to: id, in: folder, store)
            var left = Array(0..<40)
            for removed in [[0], [38], [5, 6, 7, 1], Array(stride(from: 33, through: 0, by: -3)), [0, 1]] {
                let bytes = removed.map { left[$0] * 4 + 1 }.reduce(0, +)
                let change = try await store.removeEntries(at: removed, of: id, in: folder)
                #expect(change.removedBytes == bytes)
                left = left.indices.filter { !removed.contains($0) }.map { left[$0] }
                #expect(try await numbers(in: folder, of: id, store) == left)
            }
            _ = try await add([39], to: id, in: folder, store)
            #expect(try await numbers(in: folder, of: id, store) == left + [39])
            let listing = try #require(try await store.datasetListings().items.first)
            let totals = folder == .entries ? listing.dataset.entries : listing.needsReview
            #expect(totals == Dataset.Totals(count: left.count + 1, sizeBytes: Int64((left + [39]).reduce(0) { $0 + $1 * 4 + 1 })))
            _ = try await store.removeEntries(at: Array(0...left.count), of: id, in: folder)
            let statistics = try await store.statistics()
            #expect(statistics.logicalBytes == 0 && statistics.distinctBytes == 0)
        }
    }

    @Test func aRefusedRemovalChangesNothing() async throws {
        try await withDataset { store, id in
            let version = try await add(0..<5, to: id, in: .entries, store)
            await expectRefusal(.indexOutOfRange, words: ["5 entries", "none at 5"]) { try await store.removeEntries(at: [0, 5], of: id) }
            await expectRefusal(.indexOutOfRange, words: ["none at -1"]) { try await store.removeEntries(at: [-1], of: id) }
            await expectRefusal(.indexOutOfRange) { try await store.removeEntries(at: [Int.max], of: id) }
            await expectRefusal(.indexOutOfRange) { try await store.removeEntries(at: [0], of: id, in: .needsReview) }
            await expectRefusal(.invalidParameter, field: "indexes", words: ["index 2", "more than once"]) {
                try await store.removeEntries(at: [2, 3, 2], of: id)
            }
            await expectRefusal(.incorrectVersionID, words: [version, "x"]) {
                try await store.removeEntries(at: [0], of: id, expectedVersionID: "x")
            }
            await expectRefusal(.datasetNotFound) { try await store.removeEntries(at: [0], of: .random()) }
            #expect(try await numbers(in: .entries, of: id, store) == [0, 1, 2, 3, 4])
            let present = try await store.dataset(id).versionID
            #expect(present == version)
        }
    }

    @Test func finalizingMovesFromOneFolderToTheOtherAtOnce() async throws {
        try await withDataset { store, id in
            _ = try await add(0..<6, to: id, in: .needsReview, store)
            let version = try await add([50], to: id, in: .entries, store)
            let change = try await store.finalizeNeedsReview(at: [4, 1], of: id, expectedVersionID: version) { writer in
                for number in [60, 61] {
                    try await writer.write("b", Self.items(number).b)
                    try await writer.write("a", Self.items(number).a)
                }
            }
            #expect(change.removedBytes == 4 * 4 + 1 + 4 + 1)
            #expect(try await numbers(in: .needsReview, of: id, store) == [0, 2, 3, 5])
            #expect(try await numbers(in: .entries, of: id, store) == [50, 60, 61])
            let present = try await store.dataset(id).versionID
            #expect(present == change.versionID)
        }
    }

    @Test func aRefusedFinalizingChangesNothing() async throws {
        try await withDataset { store, id in
            let version = try await add(0..<3, to: id, in: .needsReview, store)
            func finalize(_ indexes: [Int], entries: Int, version: String? = nil, entriesMax: Int = .max) async throws {
                _ = try await store.finalizeNeedsReview(at: indexes, of: id, expectedVersionID: version, entriesMax: entriesMax) { writer in
                    for number in 0..<entries {
                        try await writer.write("a", Item(elementType: "f32", shape: [50_000], bytes: SeededBytes.random(200_000, seed: 1)))
                        try await writer.write("b", Self.items(number).b)
                    }
                }
            }
            await expectRefusal(.invalidParameter, field: "indexes") { try await finalize([0, 0], entries: 2) }
            await expectRefusal(.invalidParameter, field: "indexes", words: ["2 indexes", "1 entries"]) { try await finalize([0, 1], entries: 1) }
            await expectRefusal(.indexOutOfRange) { try await finalize([0, 3], entries: 2) }
            await expectRefusal(.incorrectVersionID) { try await finalize([0], entries: 1, version: "old") }
            await expectRefusal(.limitExceeded, words: ["1"]) { try await finalize([0, 1], entries: 2, entriesMax: 1) }
            #expect(try await numbers(in: .needsReview, of: id, store) == [0, 1, 2])
            let present = try await store.dataset(id).versionID
            #expect(present == version)
        }
    }

    @Test func entriesWithMissingOrRepeatedOrUnfitKeysAreRefused() async throws {
        try await withDataset { store, id in
            let (a, b) = Self.items(3)
            await expectRefusal(.invalidParameter, field: "keys", words: ["entry 0", "lacks 1"]) {
                try await store.addEntries(to: id) { try await $0.write("a", a) }
            }
            await expectRefusal(.invalidParameter, field: "keys", words: ["entry 0", "`a`", "twice"]) {
                try await store.addEntries(to: id) { writer in
                    try await writer.write("a", a)
                    try await writer.write("a", a)
                }
            }
            await expectRefusal(.invalidParameter, field: "keys", words: ["`c`", "b, a"]) {
                try await store.addEntries(to: id) { try await $0.write("c", a) }
            }
            await expectRefusal(.invalidParameter, field: "keys", words: ["entry 1", "`b`"]) {
                try await store.addEntries(to: id) { writer in
                    for item in [b, a] {
                        try await writer.write("a", a)
                        try await writer.write("b", item)
                    }
                }
            }
            let count = try await store.dataset(id).entryCount
            #expect(count == 0)
        }
    }

    @Test func theBoundOfEntriesHoldsWhoeverIsFirst() async throws {
        try await withDataset { store, id in
            _ = try await add(0..<3, to: id, in: .entries, store)
            await expectRefusal(.limitExceeded, words: ["3 entries", "2 more", "4"]) {
                try await store.addEntries(2, to: id, entriesMax: 4) { _ in Issue.record("nothing may be written") }
            }
            await expectRefusal(.limitExceeded) {
                try await store.addEntries(1, to: id, entriesMax: 4) { writer in
                    _ = try await add([7], to: id, in: .entries, store)
                    try await writer.write("a", Self.items(1).a)
                    try await writer.write("b", Self.items(1).b)
                }
            }
            #expect(try await numbers(in: .entries, of: id, store) == [0, 1, 2, 7])
            _ = try await add([9], to: id, in: .needsReview, store)
        }
    }

    @Test func onlyOneOfThoseWhoKnowAVersionChangesIt() async throws {
        try await withDataset { store, id in
            let version = try await add(0..<20, to: id, in: .entries, store)
            let wins = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<8 {
                    group.addTask { (try? await store.removeEntries(at: [index], of: id, expectedVersionID: version)) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
            let count = try await store.dataset(id).entryCount
            #expect(count == 19)
        }
    }

    @Test func aDatasetIsRenamedAndKeepsItsVersion() async throws {
        try await withDataset { store, id in
            let version = try await add([1], to: id, in: .entries, store)
            try await store.updateDataset(id, DatasetChange(name: "e", isPublic: true, tags: [Tag("t", "v")]))
            let dataset = try await store.dataset(id)
            #expect(dataset.name == "e" && dataset.isPublic && dataset.tags == [Tag("t", "v")] && dataset.versionID == version)
            try await store.createDataset(named: "f", keys: Self.keys)
            await expectRefusal(.nameAlreadyUsed) { try await store.updateDataset(id, DatasetChange(name: "f")) }
            await expectRefusal(.invalidParameter, field: "name") { try await store.updateDataset(id, DatasetChange(name: "")) }
            await expectRefusal(.datasetNotFound) { try await store.updateDataset(.random(), DatasetChange(name: "g")) }
        }
    }

    @Test func aReaderKeepsWhatItFoundThoughTheDatasetIsDeleted() async throws {
        try await withDataset { store, id in
            let bytes = SeededBytes.random(3 << 20, seed: 9)
            try await store.addEntries(to: id) { writer in
                try await writer.write("a", Item(elementType: "u8", shape: [3 << 20], bytes: bytes))
                try await writer.write("b", Self.items(1).b)
            }
            try await store.withEntries(.range(0..<1), of: id) { reader in
                try await store.deleteDataset(id)
                _ = try await store.collect()
                var read: [UInt8] = []
                try await reader.read(entry: 0, key: 1) { read += $0 }
                #expect(read == bytes)
            }
        }
    }

    @Test(arguments: [0, 4, 32]) func anItemOfAnotherSizeThanItsValueIsDamaged(told: Int) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let id = try await withStore(at: path) { store in
                let dataset = try await store.createDataset(named: "d", keys: Self.keys).id
                _ = try await add([7], to: dataset, in: .entries, store)
                return dataset
            }
            let queue = try DatabaseQueue(path: path + "/catalog.sqlite")
            try await queue.write { db in
                try db.execute(sql: "UPDATE dataset_items SET size_bytes = ? WHERE size_bytes = 28", arguments: [told])
                #expect(db.changesCount == 1)
            }
            try queue.close()
            try await withStore(at: path, .readWrite) { store in
                let other = try await store.items(of: "b", in: 0..<1, of: id)
                #expect(other.map(\.bytes) == [[7]])
                let whole = await #expect(throws: StrataError.self) { try await store.items(of: "a", in: 0..<1, of: id) }
                let entry = await #expect(throws: StrataError.self) { try await numbers(in: .entries, of: id, store) }
                #expect(whole?.code == .corrupted && entry?.code == .corrupted)
            }
        }
    }
}
