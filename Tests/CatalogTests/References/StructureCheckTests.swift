import ContentStore
import GRDB
import Testing

@testable import Catalog

/// What the catalog tells of itself when its rows contradict each other.
@Suite struct StructureCheckTests {
    static let damages: [(sql: String, words: String)] = [
        ("UPDATE stored_values SET refs = refs + 1", "references"),
        ("UPDATE chunks SET refs = refs + 3", "references"),
        ("UPDATE packs SET dead_bytes = 7", "dead bytes"),
        ("DELETE FROM chunks WHERE id = (SELECT max(id) FROM chunks)", "not in the catalog"),
        ("UPDATE key_set_entries SET value_id = 999", "refers to a missing one"),
        ("UPDATE chunk_lists SET entries = x'ff'", "damaged"),
    ]

    @Test(arguments: damages.indices)
    func eachContradictionIsTold(number: Int) async throws {
        let (sql, words) = Self.damages[number]
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState(
                "s", of: model, values: [FakeContent.value(["a", "b"])], packs: [try FakeContent.pack("p", ["a", "b<a"])])
            #expect(try await catalog.structuralProblems() == [])
            try await catalog.pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA foreign_keys = OFF")
                try db.execute(sql: sql)
            }
            let problems = try await catalog.structuralProblems()
            #expect(problems.contains { $0.contains(words) }, "\(problems)")
        }
    }
}
