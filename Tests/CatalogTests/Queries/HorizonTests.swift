import ContentStore
import GRDB
import Testing

@testable import Catalog

/// What a session may take for known, when collection may be removing it.
@Suite struct HorizonTests {
    /// A catalog with the chunks a and b, a condemned at 5.
    private func withCondemnedChunk(_ body: (Catalog, _ model: String) async throws -> Void) async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState(
                "s", of: model, values: [FakeContent.value(["a", "b"])], packs: [try FakeContent.pack("p", ["a", "b"])])
            try await catalog.write { db in
                try db.execute(sql: "UPDATE chunks SET condemned_at = 5 WHERE id = (SELECT min(id) FROM chunks)")
            }
            try await body(catalog, model)
        }
    }

    private let digests = ["a", "b", "unknown"].map { FakeContent.digest($0) }

    @Test(arguments: [(0, true), (4, true), (5, false), (6, false)])
    func aChunkThatWasCondemnedUpToTheHorizonIsUnknown(horizon: Int64, isKnown: Bool) async throws {
        try await withCondemnedChunk { catalog, _ in
            let located = try await catalog.locate(digests, horizon: horizon)
            #expect(located.map { $0 != nil } == [isKnown, true, false])
        }
    }

    @Test func byNumberAChunkIsFoundWhateverItsFate() async throws {
        try await withCondemnedChunk { catalog, _ in
            let ids = try await catalog.locate(digests, horizon: 0).compactMap { $0?.id }
            let located = try await catalog.locate(ids + [ChunkID(999)])
            #expect(Set(located.keys) == Set(ids))
            #expect(located[ids[0]]?.digest == digests[0])
        }
    }

    @Test func aCommitTakesTheCondemnationBack() async throws {
        try await withCondemnedChunk { catalog, model in
            let id = try #require(try await catalog.locate(digests, horizon: 0)[0]?.id)
            try await catalog.addState("t", of: model, values: [FakeContent.value(["a"], known: ["a": id])])
            let located = try await catalog.locate(digests, horizon: 100)
            #expect(located[0]?.id == id)
        }
    }

    /// A session that did not see a condemned chunk stores it again: the catalog keeps the first and counts the second dead.
    @Test func aChunkThatComesAgainIsRevivedInItsPlace() async throws {
        try await withCondemnedChunk { catalog, model in
            let before = try await catalog.locate(digests, horizon: 0)[0]
            try await catalog.addState(
                "t", of: model, values: [FakeContent.value(["a", "c"])], packs: [try FakeContent.pack("q", ["a", "c"])])
            let after = try await catalog.locate(digests, horizon: 100)[0]
            #expect(before == after)
            let dead = try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT dead_bytes FROM packs ORDER BY id") }
            #expect(dead == [0, 500])
            let violations = try await catalog.read { db in try CatalogInvariants(db: db).violations() }
            #expect(violations == [])
        }
    }

    @Test func aCommitThatNeedsAChunkThatIsGoneIsRefusedWhole() async throws {
        try await withCondemnedChunk { catalog, model in
            let commits: [([IngestedValue], [SealedPack])] = [
                ([FakeContent.value(["x"], known: ["x": ChunkID(999)])], []), ([FakeContent.value(["y"])], []),
                ([FakeContent.value(["z"])], [try FakeContent.pack("q", ["z<gone"])]),
            ]
            for (values, packs) in commits {
                await #expect { try await catalog.addState("t", of: model, values: values, packs: packs) } throws: {
                    ($0 as? CatalogError)?.code == .conflict
                }
            }
            let (states, packs) = try await catalog.read { db in
                (try Int.fetchOne(db, sql: "SELECT count(*) FROM states"), try Int.fetchOne(db, sql: "SELECT count(*) FROM packs"))
            }
            #expect(states == 2 && packs == 1)
        }
    }
}
