import GRDB
import Testing

@testable import Catalog

@Suite struct BulkFillTests {
    /// All rows of the tables that a commit touches.
    private func rows(_ catalog: Catalog) async throws -> [String] {
        try await catalog.read { db in
            try ["packs", "chunks", "stored_values", "chunk_lists", "key_sets", "key_set_entries", "states", "models"].flatMap { table in
                try Row.fetchAll(db, sql: "SELECT * FROM \(table) ORDER BY 1, 2").map { "\(table) \($0.databaseValues)" }
            }
        }
    }

    @Test func filledRowsAreThoseThatCommitsLeave() async throws {
        try await withCatalog { filled in
            try await withCatalog { committed in
                let (model, _) = try await filled.addModel()
                try await committed.addModel()
                // The last chain is cut short, and a transaction ends within a chain.
                let states = BulkStates(modelID: model, count: 21, chunksPerState: 3)
                try await filled.fill(with: states, statesPerTransaction: 10)
                for number in 0..<states.count { try await committed.commitState(states.commit(number)) }
                let (found, expected) = (try await rows(filled), try await rows(committed))
                #expect(found == expected && found.contains { $0.hasPrefix("chunks ") })
            }
        }
    }

    @Test func aFilledCatalogIsSoundAndItsStatesCanBeDeleted() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            let states = BulkStates(modelID: model, count: 300)
            try await catalog.fill(with: states, statesPerTransaction: 128)
            let (broken, counted) = (
                try await catalog.read { db in try CatalogInvariants(db: db).violations() }, try await catalog.statistics()
            )
            #expect(broken == [] && counted.states == 301 && counted.chunks == 3000 && counted.packs == 300)
            for number in [0, 7, 8, 299] { try await catalog.deleteState(id: states.stateID(number), model: model) }
            let left = try await catalog.read { db in try CatalogInvariants(db: db).violations() }
            let page = try #require(try await catalog.states(model: model, offset: 290, limit: 100))
            #expect(left == [] && page.total == 297 && page.rows.map(\.publicID) == (292..<299).map(states.stateID))
        }
    }

    @Test func fillingLeavesTheDurabilityOfCommits() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.fill(with: BulkStates(modelID: model, count: 1))
            let level = try await catalog.write { db in try Int.fetchOne(db, sql: "PRAGMA synchronous") }
            #expect(level == 2)
        }
    }

    @Test func aMissingModelIsNotFilled() async throws {
        try await withCatalog { catalog -> Void in
            await #expect { try await catalog.fill(with: BulkStates(modelID: "none", count: 1)) } throws: {
                ($0 as? CatalogError)?.code == .modelNotFound
            }
        }
    }
}
