import ContentStore
import GRDB
import Testing

@testable import Catalog

@Suite struct ReferenceCountTests {
    private func violations(_ catalog: Catalog) async throws -> [String] {
        try await catalog.read { db in try CatalogInvariants(db: db).violations() }
    }

    /// Each value's references and whether it is condemned, in the order of the values.
    private func values(_ catalog: Catalog) async throws -> [String] {
        try await catalog.read { db in
            try Row.fetchAll(db, sql: "SELECT refs, condemned_at FROM stored_values ORDER BY id").map { row in
                "\(row[0] as Int64)" + ((row[1] as Int64?).map { " condemned at \($0)" } ?? "")
            }
        }
    }

    @Test func equalValuesAreCountedOnce() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            let value = FakeContent.value(["a", "b", "a"])
            let pack = try FakeContent.pack("p", ["a", "b"])
            try await catalog.addState("1", of: model, values: [value, FakeContent.inline("x")], packs: [pack])
            try await catalog.addState("2", of: model, values: [value, value])
            let (found, broken) = (try await values(catalog), try await violations(catalog))
            #expect(found == ["3", "1"] && broken == [])
            let chunks = try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT refs FROM chunks ORDER BY id") }
            #expect(chunks == [2, 1])
        }
    }

    @Test func theLastReferenceCondemnsAValueAndANewOneRevivesIt() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            let value = FakeContent.value(["a", "b"])
            let pack = try FakeContent.pack("p", ["a", "b"])
            try await catalog.addState("1", of: model, values: [value, FakeContent.inline("x")], packs: [pack])
            try await catalog.addState("2", of: model, values: [value])
            try await catalog.deleteState(id: "1", model: model)
            let sequence = try await catalog.currentSequence()
            var found = try await values(catalog)
            #expect(found == ["1", "0 condemned at \(sequence)"])
            try await catalog.deleteState(id: "2", model: model)
            found = try await values(catalog)
            #expect(found == ["0 condemned at \(sequence + 1)", "0 condemned at \(sequence)"])
            // The chunks are still counted by the list of the condemned value.
            let digests = ["a", "b"].map { FakeContent.digest($0) }
            let known = try await catalog.locate(digests, horizon: sequence + 1).compactMap { $0?.id }
            #expect(known.count == 2)
            try await catalog.addState("3", of: model, values: [value, FakeContent.inline("x")])
            found = try await values(catalog)
            let broken = try await violations(catalog)
            #expect(found == ["1", "1"] && broken == [])
        }
    }

    @Test func aDifferenceHoldsItsBase() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState("1", of: model, values: [FakeContent.value(["a"])], packs: [try FakeContent.pack("p", ["a"])])
            try await catalog.addState(
                "2", of: model, values: [FakeContent.value(["b", "c"])], packs: [try FakeContent.pack("q", ["b<a", "c<a"])])
            let refs = try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT refs FROM chunks ORDER BY id") }
            #expect(refs == [3, 1, 1])
            try await catalog.deleteState(id: "1", model: model)
            let digests = ["a", "b"].map { FakeContent.digest($0) }
            let located = try await catalog.locate(digests, horizon: 1000)
            #expect(located[1]?.base == located[0]?.id)
            let broken = try await violations(catalog)
            #expect(broken == [])
        }
    }

    @Test func deletingInOneCommitIsOneTransaction() async throws {
        try await withCatalog { catalog in
            let (model, initial) = try await catalog.addModel()
            try await catalog.addState("1", of: model, values: [FakeContent.inline("x")])
            let before = try await catalog.currentSequence()
            await #expect(throws: CatalogError.self) {
                try await catalog.addState("2", of: model, values: [FakeContent.inline("y")], deleteStates: ["1", initial])
            }
            let after = try await catalog.currentSequence()
            let found = try await values(catalog)
            #expect(before == after && found == ["1"])
            try await catalog.addState("2", of: model, values: [FakeContent.inline("x")], deleteStates: ["1"])
            let (left, broken) = (try await values(catalog), try await violations(catalog))
            #expect(left == ["1"] && broken == [])
        }
    }
}
