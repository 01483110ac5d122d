import ContentStore
import GRDB
import Testing

@testable import Catalog

/// Removal of condemned rows, step by step.
@Suite struct GarbageTests {
    /// A step that time does not cut off.
    private static let whole = CollectionStep(duration: .seconds(60))

    private func expectSound(_ catalog: Catalog, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let violations = try await catalog.read { db in try CatalogInvariants(db: db).violations() }
        #expect(violations == [], sourceLocation: sourceLocation)
    }

    private func count(_ table: String, in catalog: Catalog) async throws -> Int {
        try await catalog.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    /// All that is condemned by now, in steps of `rows`; checks the counts after each.
    private func collect(_ catalog: Catalog, rows: Int = 4096) async throws -> CollectedRows {
        var removed = CollectedRows()
        var before: CollectedRows
        let step = CollectionStep(rowsMax: rows, duration: .seconds(60))
        repeat {
            before = removed
            while let rows = try await catalog.removeValues(bound: try await catalog.currentSequence(), step: step) {
                removed = removed + rows
                try await expectSound(catalog)
            }
            while let rows = try await catalog.removeChunks(bound: try await catalog.currentSequence(), step: step) {
                removed = removed + rows
                try await expectSound(catalog)
            }
        } while removed != before
        var last: Int64?
        repeat {
            let (rows, next) = try await catalog.removeEmptyPacks(after: last, step: step)
            removed = removed + rows
            last = next
            try await expectSound(catalog)
        } while last != nil
        return removed
    }

    @Test(arguments: [1, 3, 4096])
    func aDeletedStateGoesWithAllThatOnlyItUsed(rows: Int) async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState(
                "base", of: model, values: [FakeContent.value(["a", "b", "a"]), FakeContent.inline("small")],
                packs: [try FakeContent.pack("p", ["a", "b"])])
            try await catalog.addState(
                "next", of: model, values: [FakeContent.value(["c", "b"])], packs: [try FakeContent.pack("q", ["c<a"])])
            try await catalog.deleteState(id: "base", model: model)
            let forecast = try await catalog.forecastGarbage(bound: try await catalog.currentSequence(), isQuiet: true)
            let first = try await collect(catalog, rows: rows)
            // Chunk a stays: it is the base of c.
            #expect(first.values == 2 && first.inlineBytes == 5 && first.chunks == 0 && first.packs == 0)
            #expect(forecast.removable == first && forecast.waiting == CollectedRows())
            try await catalog.deleteState(id: "next", model: model)
            let second = try await catalog.forecastGarbage(bound: try await catalog.currentSequence(), isQuiet: true)
            let rest = try await collect(catalog, rows: rows)
            #expect(rest.chunks == 3 && rest.chunkBytes == 1500 && rest.packs == 2)
            #expect(second.removable == rest && second.compactableBytes == 0)
            for table in ["chunks", "packs", "stored_values", "chunk_lists"] {
                let left = try await count(table, in: catalog)
                #expect(left == 0, "\(table)")
            }
            let files = try await catalog.removedPacks(bound: 0, limit: 10)
            #expect(Set(files.map(\.name)) == Set(["pack p", "pack q"].map { PackName(FakeContent.digest($0)) }))
            try await catalog.forgetRemovedPacks(files.map(\.name))
            let none = try await catalog.removedPacks(bound: .max, limit: 10)
            #expect(none.isEmpty)
        }
    }

    @Test func whatWasCondemnedAfterTheBoundStays() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState(
                "s", of: model, values: [FakeContent.value(["a"]), FakeContent.inline("x")], packs: [try FakeContent.pack("p", ["a"])])
            let before = try await catalog.currentSequence()
            try await catalog.deleteState(id: "s", model: model)
            let none = try await catalog.removeValues(bound: before)
            #expect(none == nil)
            let forecast = try await catalog.forecastGarbage(bound: before, isQuiet: false)
            #expect(forecast.removable == CollectedRows())
            #expect(forecast.waiting.values == 2 && forecast.waiting.chunks == 1 && forecast.waiting.packs == 1)
            // The value may go, its chunk is condemned only by that.
            let deleted = try await catalog.currentSequence()
            let values = try await catalog.removeValues(bound: deleted, step: Self.whole)
            #expect(values?.values == 2)
            let chunks = try await catalog.removeChunks(bound: deleted)
            #expect(chunks == nil)
            try await expectSound(catalog)
        }
    }

    /// A value of more than one segment, whose removal stops in between.
    @Test func aValueThatIsHalfRemovedIsNotFoundAgain() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            let names = (0..<5000).map { "c\($0)" }
            let value = FakeContent.value(names)
            try await catalog.addState("s", of: model, values: [value], packs: [try FakeContent.pack("p", names)])
            try await catalog.deleteState(id: "s", model: model)
            let first = try await catalog.removeValues(bound: try await catalog.currentSequence(), step: CollectionStep(rowsMax: 1))
            #expect(first?.values == 0)
            let segments = try await count("chunk_lists", in: catalog)
            #expect(segments == 1)
            try await expectSound(catalog)
            // Neither a verification nor a repair takes it for damage.
            let problems = try await catalog.structuralProblems()
            #expect(problems == [])
            try catalog.copy(to: catalog.path + ".copy")
            #expect(Catalog.health(at: catalog.path + ".copy", thorough: true).problem == nil)
            try await catalog.addState("again", of: model, values: [value])
            let content = try #require(try await catalog.stateContent(id: "again", model: model))
            let list = try await catalog.chunkList(value: content.keys[0].value, overlapping: 0..<content.keys[0].sizeBytes)
            #expect(list.reduce(0) { $0 + $1.entries.count } == 5000)
            let rest = try await collect(catalog, rows: 1)
            #expect(rest.values == 1 && rest.chunks == 0)
        }
    }

    /// Would break: a reader that no session protects would take another chunk's bytes for its own.
    @Test func numbersOfChunksAndValuesAreNeverUsedAgain() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            var seen: (chunks: Set<Int64>, values: Set<Int64>) = ([], [])
            for round in 0..<3 {
                let names = ["a\(round)", "b\(round)"]
                try await catalog.addState(
                    "s\(round)", of: model, values: [FakeContent.value(names)], packs: [try FakeContent.pack("p\(round)", names)])
                let ids = try await catalog.read { db in
                    (try Int64.fetchAll(db, sql: "SELECT id FROM chunks"), try Int64.fetchAll(db, sql: "SELECT id FROM stored_values"))
                }
                #expect(seen.chunks.isDisjoint(with: ids.0) && seen.values.isDisjoint(with: ids.1))
                seen.chunks.formUnion(ids.0)
                seen.values.formUnion(ids.1)
                try await catalog.deleteState(id: "s\(round)", model: model)
                _ = try await collect(catalog)
            }
        }
    }

    @Test func aPackWhoseFileIsAboutToGoIsNotEnteredAgain() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            let pack = try FakeContent.pack("p", ["a"])
            try await catalog.addState("s", of: model, values: [FakeContent.value(["a"])], packs: [pack])
            try await catalog.deleteState(id: "s", model: model)
            _ = try await collect(catalog)
            await #expect { try await catalog.addState("t", of: model, values: [FakeContent.value(["a"])], packs: [pack]) } throws: {
                ($0 as? CatalogError)?.code == .conflict
            }
        }
    }

    /// A pack all of whose chunks others had stored meanwhile is empty when it comes.
    @Test func aPackThatNobodyNeedsGoesThoughItsChunksNeverCame() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState("s", of: model, values: [FakeContent.value(["a"])], packs: [try FakeContent.pack("p", ["a"])])
            try await catalog.addState("t", of: model, values: [FakeContent.value(["a"])], packs: [try FakeContent.pack("q", ["a"])])
            let removed = try await collect(catalog)
            #expect(removed.packs == 1 && removed.chunks == 0)
            let packs = try await count("packs", in: catalog)
            #expect(packs == 1)
        }
    }
}
