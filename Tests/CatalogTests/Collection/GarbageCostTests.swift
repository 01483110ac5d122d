import ContentStore
import GRDB
import Synchronization
import Testing

@testable import Catalog

/// What the steps of collection run, seen from SQLite.
@Suite struct GarbageCostTests {
    private final class Statements: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    /// States of which each has a chunk and a pack of its own.
    private func fill(_ catalog: Catalog, _ count: Int) async throws -> String {
        let (model, _) = try await catalog.addModel()
        for number in 0..<count {
            let value = FakeContent.value(["c\(number)"])
            try await catalog.addState(
                "s\(number)", of: model, values: [value], packs: [try FakeContent.pack("p\(number)", ["c\(number)"])])
        }
        return model
    }

    /// The statements that a whole collection of three deleted states runs, in a store of `count`.
    private func statements(_ count: Int) async throws -> [String] {
        try await withCatalog { catalog in
            let model = try await fill(catalog, count)
            for number in 0..<3 { try await catalog.deleteState(id: "s\(number)", model: model) }
            let statements = Statements()
            try await catalog.write { db in
                db.trace(options: .statement) { event in
                    if case .statement(let statement) = event { statements.add(statement.sql) }
                }
            }
            _ = try await catalog.removeValues(bound: .max - 1, step: CollectionStep(duration: .seconds(60)))
            _ = try await catalog.removeChunks(bound: .max - 1, step: CollectionStep(duration: .seconds(60)))
            _ = try await catalog.removeEmptyPacks(after: nil, step: CollectionStep(duration: .seconds(60)))
            try await catalog.write { db in db.trace() }
            return statements.all
        }
    }

    @Test func theCostFollowsTheGarbageAndNotTheStore() async throws {
        let (small, large) = (try await statements(5), try await statements(200))
        #expect(small.count > 20)
        #expect(small.count == large.count)
    }

    /// Deleting rows asks for rows that refer to them: those questions need indexes too, and no plan shows them.
    @Test func everyReferenceToWhatIsRemovedHasAnIndex() async throws {
        try await withCatalog { catalog in
            try await catalog.read { db in
                let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
                for table in tables {
                    for key in try Row.fetchAll(db, sql: "PRAGMA foreign_key_list(\(table))")
                    where ["packs", "chunks", "stored_values"].contains(key["table"] as String) {
                        let column: String = key["from"]
                        let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN SELECT 1 FROM \(table) WHERE \(column) = 1")
                        #expect((plan[0]["detail"] as String).hasPrefix("SEARCH"), "\(table).\(column)")
                    }
                }
            }
        }
    }
}
