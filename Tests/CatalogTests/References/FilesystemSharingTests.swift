import ContentStore
import GRDB
import Testing

@testable import Catalog

/// A tree is shared until one of its users changes it.
@Suite struct FilesystemSharingTests {
    private func put(_ name: String, _ text: String, in model: String, _ catalog: Catalog) async throws {
        let change = FileChange.file(path: [Array(name.utf8)], permissions: 0o644, content: FakeContent.inline(text))
        try await catalog.commitFiles(
            FilesCommit(modelID: model, replacesAll: false, changes: [change], packs: [], nowNanoseconds: 1))
    }

    private func trees(_ catalog: Catalog) async throws -> [Int64] {
        try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT id FROM filesystems ORDER BY id") }
    }

    private func tree(of model: String, _ catalog: Catalog) async throws -> Int64? {
        try await catalog.read { db in
            try Int64.fetchOne(db, sql: "SELECT filesystem_id FROM models WHERE public_id = ?", arguments: [model])
        }
    }

    private func expectSound(_ catalog: Catalog, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let broken = try await catalog.read { db in try CatalogInvariants(db: db).violations() }
        #expect(broken == [], sourceLocation: sourceLocation)
    }

    @Test func aTreeThatNobodySharesChangesInPlace() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await put("a", "1", in: model, catalog)
            try await put("b", "2", in: model, catalog)
            let version = try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT version FROM filesystems") }
            #expect(version == [3])
            try await expectSound(catalog)
        }
    }

    @Test func aSnapshotSharesTheTreeUntilTheModelChanges() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await put("a", "1", in: model, catalog)
            try await catalog.createSnapshot(id: "s", name: "s", createdAt: 1, of: model)
            var found = try await trees(catalog)
            #expect(found.count == 1)
            let inode = try await catalog.files(ofModel: model)[0].inode
            try await put("b", "2", in: model, catalog)
            found = try await trees(catalog)
            #expect(found.count == 2)
            let (ours, theirs) = (try await catalog.files(ofModel: model), try await catalog.files(ofSnapshot: "s", model: model))
            #expect(ours.count == 2 && theirs.count == 1)
            #expect(ours[0].inode == inode && ours[0].value == theirs[0].value)
            try await expectSound(catalog)
            // The copy is the model's own: the next change is made in place.
            let copy = try await tree(of: model, catalog)
            try await put("c", "3", in: model, catalog)
            let same = try await tree(of: model, catalog)
            #expect(copy == same)
            try await catalog.deleteSnapshot(id: "s", model: model)
            found = try await trees(catalog)
            #expect(found.count == 1)
            try await expectSound(catalog)
        }
    }

    @Test func aRefusedChangeMakesNoCopy() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await put("a", "1", in: model, catalog)
            try await catalog.createSnapshot(id: "s", name: "s", createdAt: 1, of: model)
            let remove = FileChange.remove(path: [Array("none".utf8)], recursively: false)
            await #expect(throws: CatalogError.self) {
                try await catalog.commitFiles(
                    FilesCommit(modelID: model, replacesAll: true, changes: [remove], packs: [], nowNanoseconds: 1))
            }
            let found = try await trees(catalog)
            #expect(found.count == 1)
            try await expectSound(catalog)
        }
    }

    @Test func theLastUserTakesTheTreeAlong() async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await put("a", "1", in: model, catalog)
            try await catalog.createModel(
                ModelInsertion(
                    publicID: "copy", owner: "local", name: "copy", description: "", publicAccess: false, createdAt: 1,
                    settingsJSON: nil, tags: [], origin: .copy(model: model, snapshot: nil), initialStateID: "copy-initial"))
            try await catalog.deleteModel(id: model)
            var found = try await trees(catalog)
            #expect(found.count == 1)
            let files = try await catalog.files(ofModel: "copy")
            #expect(files.count == 1)
            try await catalog.deleteModel(id: "copy")
            found = try await trees(catalog)
            let values = try await catalog.read { db in try Int64.fetchAll(db, sql: "SELECT refs FROM stored_values") }
            #expect(found == [] && values == [0])
            try await expectSound(catalog)
        }
    }
}
