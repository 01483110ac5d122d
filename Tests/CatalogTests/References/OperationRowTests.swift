import Foundation
import GRDB
import Testing

@testable import Catalog

/// Rows of operations: who writes them when, and what damage makes of them.
@Suite struct OperationRowTests {
    private static func resolve(
        _ id: String, _ kind: String, in catalog: Catalog, session: String = "s", load: LoadSelection? = .state(nil)
    ) async throws -> ResolvedOperationRows {
        try await catalog.registerSession(token: session, processID: 1)
        return try await catalog.resolve(
            OperationRequest(
                session: session, modelID: "model-m", mounts: [], load: load,
                record: OperationInsertion(operationID: id, kind: kind, newStateID: "new-\(id)", newStateName: "n", startedAt: 5) { _ in "{}" }))
    }

    private static func ending(_ id: String, failure: String? = nil, recordsMax: Int = 10, note: OperationNote = OperationNote()) -> OperationEnd {
        .ended(
            OperationEnding(
                operationID: id, finishedAt: 9, durationsJSON: #"{"totalMilliseconds":4}"#, failureJSON: failure,
                standardOutput: [0, 255], standardError: nil, note: note, recordsMax: recordsMax))
    }

    private static func commit(_ id: String, in catalog: Catalog) async throws {
        try await catalog.commitState(
            StateCommit(
                modelID: "model-m", stateID: "new-\(id)", name: "n", createdAt: 7, baseState: nil, lineageJSON: "[]", mountsJSON: "[]",
                keys: [("k", FakeContent.inline("v"))], packs: [], makeActive: false, deleteStates: [], endsCreation: false, operationID: id))
    }

    @Test func theCommitFinishesTheOperationAndItsEndTellsTheRest() async throws {
        try await withCatalog { catalog in
            try await catalog.addModel()
            let rows = try await Self.resolve("o", "train", in: catalog)
            #expect(rows.loaded?.stateID == "initial-m" && rows.pins.count == 1)
            try await Self.commit("o", in: catalog)
            let committed = try #require(try await catalog.operation(id: "o", model: "model-m"))
            #expect(committed.status == "finished" && !committed.isRunning && committed.finishedAt == 7 && committed.durationsJSON == "{}")
            // Whatever comes after the commit, the operation has finished.
            try await catalog.release(rows.pins, Self.ending("o", failure: "{}"))
            let ended = try #require(try await catalog.operation(id: "o", model: "model-m"))
            #expect(ended.status == "finished" && ended.failureJSON == nil && ended.durationsJSON == #"{"totalMilliseconds":4}"#)
            let output = try await catalog.output(of: ended)
            #expect(output.standardOutput == [0, 255] && output.standardError == nil)
        }
    }

    @Test func aCommitIsRefusedToWhatIsCancelledOrGone() async throws {
        try await withCatalog { catalog in
            try await catalog.addModel()
            _ = try await Self.resolve("o", "train", in: catalog)
            let asked = try await catalog.requestCancel(of: "o", model: "model-m")
            #expect(asked == .done)
            let mayGoOn = try await catalog.mayGoOn("o")
            #expect(!mayGoOn)
            for id in ["o", "unknown"] {
                let error = await #expect(throws: CatalogError.self) { try await Self.commit(id, in: catalog) }
                #expect(error?.code == .cancelled)
            }
            let states = try await catalog.states(model: "model-m", offset: 0, limit: 10)?.total
            #expect(states == 1)
        }
    }

    @Test func aSessionThatGoesTakesItsOperationsAlong() async throws {
        try await withCatalog { catalog in
            try await catalog.addModel()
            _ = try await Self.resolve("a", "train", in: catalog, session: "dead")
            _ = try await Self.resolve("b", "train", in: catalog, session: "live")
            _ = try await Self.resolve("c", "train", in: catalog, session: "dead")
            try await Self.commit("c", in: catalog)
            try await catalog.removeSessions(tokens: ["dead"])
            let rows = try #require(try await catalog.operations(model: "model-m", kind: nil, isRunning: nil, offset: 0, limit: 10)).rows
            #expect(rows.map(\.operationID) == ["c", "b", "a"] && rows.map(\.status) == ["finished", "running", "failed"])
            #expect(rows[2].failureJSON == OperationTable.lostJSON && rows[2].finishedAt != nil && rows[0].failureJSON == nil)
            try await expectSound(catalog)
        }
    }

    @Test func anEndedOperationOfTheSameIDGivesWayAndARunningOneDoesNot() async throws {
        try await withCatalog { catalog in
            try await catalog.addModel()
            let first = try await Self.resolve("o", "evaluate", in: catalog)
            let error = await #expect(throws: CatalogError.self) { _ = try await Self.resolve("o", "train", in: catalog) }
            #expect(error?.code == .conflict)
            try await catalog.release(first.pins, Self.ending("o"))
            let second = try await Self.resolve("o", "train", in: catalog)
            let row = try #require(try await catalog.operation(id: "o", model: "model-m"))
            #expect(row.kind == "train" && row.isRunning)
            try await catalog.release(second.pins, .discarded(operationID: "o"))
            let gone = try await catalog.operation(id: "o", model: "model-m")
            #expect(gone == nil)
            try await expectSound(catalog)
        }
    }

    @Test func everythingOfAnOperationGoesWithItsRecordOrModel() async throws {
        try await withCatalog { catalog in
            try await catalog.addModel()
            for id in ["a", "b", "c"] {
                let rows = try await Self.resolve(id, "train", in: catalog)
                try await catalog.note(Self.note(samples: 0..<4), of: id)
                var more = OperationNote()
                more.usageStride = 2
                try await catalog.release(rows.pins, Self.ending(id, recordsMax: 2, note: more))
            }
            let kept = try #require(try await catalog.operations(model: "model-m", kind: "train", isRunning: false, offset: 0, limit: 10))
            #expect(kept.rows.map(\.operationID) == ["c", "b"] && kept.total == 2 && kept.rows[0].metricCount == 1)
            let usage = try await catalog.usage(of: kept.rows[0], after: 0)
            #expect(usage.map(\.sample) == [0, 2])
            let cleared = try await catalog.clearOperation("b", model: "model-m")
            #expect(cleared == .done)
            try await expectSound(catalog)
            try await catalog.deleteModel(id: "model-m")
            let left = try await catalog.read { db in
                try ["operations", "operation_metrics", "operation_metric_names", "operation_usage"].map {
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)")
                }
            }
            #expect(left == [0, 0, 0, 0])
            try await expectSound(catalog)
        }
    }

    /// SQLite lets a hostile catalog hold any kind of value anywhere: each is told of, none ends the process.
    @Test func hostileRowsAreRefused() async throws {
        try await withTemporaryCatalogFile { path in
            let columns = try await Self.fill(path)
            for (table, column) in columns {
                for value in ["x'00ff'", "-1", "9223372036854775807", "1.5", "'text'", "NULL"] {
                    let copy = path + ".copy"
                    try? FileManager.default.removeItem(atPath: copy)
                    try FileManager.default.copyItem(atPath: path, toPath: copy)
                    try Self.spoil(copy, "UPDATE OR IGNORE \(table) SET \(column) = \(value)")
                    await Self.readEverything(copy)
                }
            }
        }
    }

    private static func note(samples: Range<Int>) -> OperationNote {
        var note = OperationNote()
        note.metricNames = [.init(number: 0, name: "loss", entryCount: 1)]
        note.metrics = [.init(metricNumber: 0, index: 0, timestamp: 6, tensor: [1, 2])]
        note.usage = samples.map { UsageRow(sample: $0, timestamp: Int64($0) + 1, cpuMilli: 500, memoryBytes: 10, diskBytes: nil) }
        note.progress = "0.5"
        return note
    }

    private static func fill(_ path: String) async throws -> [(String, String)] {
        let catalog = try Catalog.open(at: path, mode: .create, storeID: "test")
        try await catalog.addModel()
        let rows = try await resolve("o", "train", in: catalog)
        try await catalog.note(note(samples: 0..<2), of: "o")
        try await catalog.release(rows.pins, ending("o", failure: "{}"))
        let columns = try await catalog.read { db in
            try ["operations", "operation_metric_names", "operation_metrics", "operation_usage"].flatMap { table in
                try db.columns(in: table).map { (table, $0.name) }
            }
        }
        try catalog.close()
        return columns
    }

    private static func spoil(_ path: String, _ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let raw = try DatabaseQueue(path: path, configuration: configuration)
        try? raw.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA writable_schema = ON")
            try db.execute(sql: "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name LIKE 'operation%'")
            try db.execute(sql: "PRAGMA writable_schema = RESET")
            try db.execute(sql: sql)
        }
        try raw.close()
    }

    /// Reads and writes what it can; errors are all right, ends of the process are not.
    private static func readEverything(_ path: String) async {
        guard let catalog = try? Catalog.open(at: path, mode: .existing, storeID: "test") else { return }
        let page = try? await catalog.operations(model: "model-m", kind: nil, isRunning: nil, offset: 0, limit: 10)
        for row in page?.rows ?? [] {
            _ = try? await catalog.metricNames(of: row)
            _ = try? await catalog.metricEntries(of: row, name: "loss", from: 0, limit: 10)
            _ = try? await catalog.usage(of: row, after: 0)
            _ = try? await catalog.output(of: row)
        }
        _ = try? await catalog.requestCancel(of: "o", model: "model-m")
        _ = try? await catalog.removeSessions(tokens: ["s"])
        _ = try? await catalog.clearOperation("o", model: "model-m")
        try? await catalog.deleteModel(id: "model-m")
        try? catalog.close()
    }

    private func expectSound(_ catalog: Catalog, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let problems = try await catalog.structuralProblems()
        #expect(problems == [], sourceLocation: sourceLocation)
    }
}

/// A path for a catalog, in a folder that goes afterwards.
private func withTemporaryCatalogFile(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-operations-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder + "/catalog.sqlite")
}
