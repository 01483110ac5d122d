import Foundation
import GRDB
import StrataTesting
import Testing

@testable import Strata

/// One field of a catalog that holds what it cannot hold, as a flipped bit leaves it: every column of every table.
@Suite struct WrongFieldTests {
    /// Nothing traps; verification tells or reads on; repair leaves a store that works, and names what is lost.
    @Test func aWrongFieldIsRepairedOrNamed() async throws {
        var generator = StrataTesting.SeededGenerator.announced("wrong fields")
        try await withTemporaryFolder { folder in
            let sample = try await FullSample.make(folder + "/s")
            var fields = try WrongField.all(in: sample.path + "/catalog.sqlite")
            fields.shuffle(using: &generator)
            var tried = 0
            // One that a run found, by its description, is tried with and without the catalog's copy; those of old are tried always.
            let wanted = ProcessInfo.processInfo.environment["STRATA_FIELD"]
            let named = try (wanted.map { [$0, $0] } ?? Self.found).map { name in
                try #require(fields.first { $0.description == name }, "no field is `\(name)`")
            }
            fields = named + (wanted == nil ? fields : [])
            for index in 0..<named.count + (wanted == nil ? Rounds.some(of: 45).count : 0) {
                let field = fields[index % fields.count]
                let path = folder + "/r\(index)"
                try FileManager.default.copyItem(atPath: sample.path, toPath: path)
                let hasCopy = wanted == nil ? Bool.random(using: &generator) : index == 0
                if !hasCopy { try FileManager.default.removeItem(atPath: path + "/catalog.copy.sqlite") }
                do {
                    guard try field.apply(to: path + "/catalog.sqlite") else { continue }
                    tried += 1
                    try await check(sample, path, field)
                } catch {
                    Issue.record("\(field): \(error)")
                }
                try FileManager.default.removeItem(atPath: path)
            }
            #expect(tried > 0)
        }
    }

    /// What earlier runs found that was not repaired.
    private static let found = [
        "chunks.encoding of row 8 = x'00'", "filesystems.size_mebibytes of row 1 = 0", "inodes.value_id of row 1 = -1",
        "stored_values.inline_bytes of row 10 = x''", "stored_values.inline_bytes of row 12 = substr({}, 2)",
    ]

    private func check(_ sample: FullSample, _ path: String, _ field: WrongField) async throws {
        do {
            try await withStore(at: path, .readWrite) { store in
                do {
                    _ = try await store.verify()
                } catch {
                    Issue.record("\(field): the verification gave up: \(error)")
                }
                do {
                    try await sample.readAll(store)
                } catch is StrataError {
                    // What lists name may be missing.
                }
            }
        } catch let error as StrataError where error.code == .corrupted || error.code == .unsupportedFormat {
            // A catalog that cannot be opened, or of which nothing more can be read, says so.
        }
        let first = try await StateStore.repair(at: path)
        try await withStore(at: path, .readWrite) { store in
            guard try await store.models().items.contains(where: { $0.id == sample.repairSample.model }) else {
                #expect(first.needsRepair, "\(field)")
                return
            }
            let read = try await sample.repairSample.readable(in: store)
            for (state, keys) in read {
                for (key, value) in keys {
                    let isRight = sample.repairSample.contents[state]?[key].map { $0 == value } ?? true
                    #expect(isRight, "\(field): \(key) of \(state) reads as another value, \(first)")
                }
            }
            let failures = try await sample.readAll(store)
            try await sample.expectEntriesTogether(store, "\(field)")
            for model in try await store.models().items {
                try await store.changeFiles(of: model.id) { try $0.makeDirectory("folder") }
            }
            let verified = try await store.verify()
            let found = first.losses.filter { $0.stateID == nil || $0.key != nil }
            #expect(verified.damages.places == found.places, "\(field): \(verified.damages) \(first)")
            #expect(failures.isEmpty || !found.isEmpty, "\(field): \(failures) \(first)")
        }
        let second = try await StateStore.repair(at: path)
        #expect(!second.needsRepair, "\(field): \(second) first: \(first)")
    }
}

/// A store with a row in every table that outlives an operation.
struct FullSample {
    let repairSample: RepairSample
    let dataset: DatasetID

    var path: String { repairSample.path }

    static func make(_ path: String) async throws -> FullSample {
        let sample = try await RepairSample.make(path)
        return try await withStore(at: path) { store in
            var change = ModelChange()
            change.tags = [Tag("a", "b")]
            try await store.updateModel(sample.model, change)
            let keys = [ParameterDefinition(name: "image", shape: [-1]), ParameterDefinition(name: "label")]
            let dataset = try await store.createDataset(named: "d", keys: keys, description: "x", tags: [Tag("a", "b")])
            let items = [3, 90_000, 7].map { size in
                [
                    "image": Item(elementType: "u8", shape: [size], bytes: SeededBytes.random(size, seed: UInt64(size))),
                    "label": Item(elementType: "u8", shape: [], bytes: [UInt8(size % 251)]),
                ]
            }
            _ = try await store.appendEntries(items, to: dataset.id)
            _ = try await store.createAPIKey(named: "key", access: .read)
            var script = ScriptedExecutor.Script(steps: [.provide("k", [1])])
            script.output = ExecutionOutput(standardOutput: "printed\n", standardError: "warned\n")
            _ = try await store.createState(CreateStateRequest(modelID: sample.model, name: "created"), on: ScriptedExecutor(script))
            return FullSample(repairSample: sample, dataset: dataset.id)
        }
    }

    /// Expects that the items of an entry are still each other's.
    func expectEntriesTogether(_ store: StateStore, _ comment: Comment) async throws {
        for dataset in try await store.datasets().items where dataset.id == self.dataset && dataset.keys.count == 2 {
            let keys = dataset.keys.map(\.name)
            // What is damaged says so, and is looked at elsewhere.
            guard let images = try? await store.items(of: keys[0], in: 0..<10, of: dataset.id),
                let labels = try? await store.items(of: keys[1], in: 0..<10, of: dataset.id)
            else { continue }
            let pairs = zip(images, labels).map { [Int($0.bytes.count % 251), Int($1.bytes.first ?? 255)] }
            #expect(images.count == labels.count && images.count == dataset.entryCount, comment)
            #expect(pairs.allSatisfy { $0[0] == $0[1] }, comment)
        }
    }

    /// Reads what a store lists; what it says of damage is returned, and any other error thrown.
    @discardableResult
    func readAll(_ store: StateStore) async throws -> [String] {
        var failures: [String] = []
        func reading(_ body: () async throws -> Void) async throws {
            do {
                try await body()
            } catch let error as StrataError where error.code == .corrupted {
                failures.append(error.message)
            }
        }
        try await reading {
            for model in try await store.models().items {
                try await reading { _ = try await store.model(model.id) }
                try await reading { for snapshot in try await store.snapshots(of: model.id).items { _ = try await store.snapshot(snapshot.id, of: model.id) } }
                try await reading { for file in try await store.files(of: model.id) { _ = file } }
                try await reading {
                    for state in try await store.states(of: model.id).items {
                        for key in state.keys { try await reading { _ = try await store.bytes(of: key.key, in: state.id, of: model.id) } }
                    }
                }
                try await reading {
                    for operation in try await store.operations(of: model.id).items { _ = try await store.operationOutput(operation.id, of: model.id) }
                }
            }
        }
        try await reading { _ = try await store.modelDetails() }
        try await reading {
            for dataset in try await store.datasets().items {
                for key in dataset.keys { try await reading { _ = try await store.items(of: key.name, in: 0..<10, of: dataset.id) } }
            }
        }
        try await reading { _ = try await store.apiKeys() }
        try await reading { _ = try await store.holdings() }
        try await reading { _ = try await store.statistics() }
        return failures
    }
}

/// A value that a field gets.
struct WrongField: CustomStringConvertible {
    let table: String
    let column: String
    let row: Int64
    /// SQL, of the field's own value too.
    let value: String

    var description: String { "\(table).\(column) of row \(row) = \(value)" }

    static let byType: [String: [String]] = [
        "integer": ["-1", "0", "9223372036854775807", "-9223372036854775807", "{} + 1", "{} - 1", "{} + 65536", "-{}", "'x'", "x'00'"],
        "text": ["''", "'x'", "CAST(x'ff00fe' AS TEXT)", "x'41'", "7", "substr({}, 2)", "{} || 'x'"],
        "blob": ["x''", "substr({}, 2)", "{} || x'00'", "zeroblob(length({}))", "'x'", "7", "x'ff' || substr({}, 2)"],
        "null": ["7", "-1", "'x'", "x'00'"],
    ]

    static func all(in path: String) throws -> [WrongField] {
        try DatabaseQueue(path: path).read { db in
            let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
            return try tables.flatMap { table in
                let columns = try Row.fetchAll(db, sql: "PRAGMA table_info(\(table))").map { $0["name"] as String }
                return try Row.fetchAll(db, sql: "SELECT rowid AS row_number, * FROM \(table) ORDER BY rowid").flatMap { row in
                    try columns.flatMap { column in
                        let type = try #require(try String.fetchOne(
                            db, sql: "SELECT typeof(\(column)) FROM \(table) WHERE rowid = ?", arguments: [row["row_number"] as Int64]))
                        return byType[type, default: []].map { WrongField(table: table, column: column, row: row["row_number"], value: $0) }
                    }
                }
            }
        }
    }

    /// Changes the table's row alone: indexes stay as they were, as where bytes of a page change.
    /// - Returns: false when SQLite itself would not have it.
    func apply(to path: String) throws -> Bool {
        let whole = try FileBytes.read(path)
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let isChanged = try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA ignore_check_constraints = ON")
            do {
                try db.execute(sql: "UPDATE OR IGNORE \(table) SET \(column) = \(value.replacing("{}", with: column)) WHERE rowid = \(row)")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_MISMATCH {
                return false
            }
            return db.changesCount > 0
        }
        try queue.close()
        let pageBytes = Int(whole[16]) << 8 | Int(whole[17])
        let changed = try FileBytes.read(path)
        var bytes = whole
        for page in stride(from: pageBytes, to: min(changed.count, whole.count), by: pageBytes) where changed[page] != 0x0a && changed[page] != 0x02 {
            bytes.replaceSubrange(page..<page + pageBytes, with: changed[page..<page + pageBytes])
        }
        try FileBytes.write(bytes, to: path)
        return isChanged && bytes != whole
    }
}
