import ContentStore
import GRDB
import Testing

@testable import Catalog

@Suite struct PinTests {
    private func count(_ table: String, _ catalog: Catalog) async throws -> Int? {
        try await catalog.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") }
    }

    private func expectSound(_ catalog: Catalog, pins: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let (broken, count) = try await catalog.read { db in
            (try CatalogInvariants(db: db).violations(), try Int.fetchOne(db, sql: "SELECT count(*) FROM pins"))
        }
        #expect(broken == [] && count == pins, sourceLocation: sourceLocation)
    }

    /// A catalog with a session and a model with a state that is not active.
    private func withState(_ body: (Catalog, _ model: String) async throws -> Void) async throws {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState("s", of: model, values: [FakeContent.inline("x")])
            try await catalog.registerSession(token: "session", processID: 1)
            try await catalog.registerSession(token: "session", processID: 1)
            try await body(catalog, model)
        }
    }

    private func resolve(
        _ choices: [MountSelection.Choice], of model: String, creation: String? = nil, _ catalog: Catalog
    ) async throws -> ResolvedOperationRows {
        try await catalog.resolve(
            OperationRequest(
                session: "session", modelID: creation == nil ? nil : model,
                mounts: choices.map { MountSelection(modelID: model, choice: $0) },
                creation: creation.map { (stateID: $0, name: "n", startedAt: 1) }))
    }

    @Test func aMountPinsStateKeysAndFiles() async throws {
        try await withState { catalog, model in
            let resolved = try await resolve([.state("s"), .active], of: model, catalog)
            try await expectSound(catalog, pins: 2)
            try await catalog.deleteState(id: "s", model: model)
            let marked = try await catalog.state(id: "s", model: model)
            #expect(marked?.isBeingDeleted == true)
            try await catalog.release(resolved.pins)
            try await expectSound(catalog, pins: 0)
            let gone = try await catalog.state(id: "s", model: model)
            #expect(gone == nil)
            // A pin that is given back twice is no error.
            try await catalog.release(resolved.pins)
        }
    }

    @Test func aRefusedOperationPinsNothing() async throws {
        try await withState { catalog, model in
            await #expect(throws: CatalogError.self) {
                _ = try await resolve([.state("s"), .snapshot("none")], of: model, creation: "new", catalog)
            }
            try await expectSound(catalog, pins: 0)
            let creations = try await count("creations", catalog)
            #expect(creations == 0)
            await #expect {
                _ = try await catalog.resolve(OperationRequest(session: "nobody", modelID: nil, mounts: []))
            } throws: { ($0 as? CatalogError)?.code == .conflict }
        }
    }

    @Test func aSessionGoesWithItsPinsAndCreations() async throws {
        try await withState { catalog, model in
            _ = try await resolve([.state("s")], of: model, creation: "new", catalog)
            try await catalog.deleteState(id: "s", model: model)
            let creations = try await catalog.creations(ofModel: model)
            #expect(creations?.map(\.stateID) == ["new"])
            try await catalog.removeSessions(tokens: ["session", "unknown"])
            try await expectSound(catalog, pins: 0)
            let left = try await count("creations", catalog)
            let tokens = try await catalog.sessionTokens()
            let state = try await catalog.state(id: "s", model: model)
            #expect(left == 0 && tokens == [] && state == nil)
        }
    }

    @Test func aModelThatGoesLeavesWhatIsPinned() async throws {
        try await withState { catalog, model in
            try await catalog.createSnapshot(id: "snap", name: "n", createdAt: 1, of: model)
            let resolved = try await resolve([.state("s"), .snapshot("snap")], of: model, creation: "new", catalog)
            try await catalog.deleteModel(id: model)
            let (keySets, trees, creations) = (
                try await count("key_sets", catalog), try await count("filesystems", catalog), try await count("creations", catalog)
            )
            #expect(keySets == 2 && trees == 1 && creations == 0)
            try await expectSound(catalog, pins: 3)
            let value = try await catalog.value(resolved.mounts[0].keys[0].value)
            #expect(value?.inlineBytes == Array("x".utf8))
            try await catalog.release(resolved.pins, endingCreation: "new")
            let (keySetsAfter, treesAfter) = (try await count("key_sets", catalog), try await count("filesystems", catalog))
            #expect(keySetsAfter == 0 && treesAfter == 0)
            try await expectSound(catalog, pins: 0)
        }
    }

    @Test func aCommitEndsItsCreationOnce() async throws {
        try await withState { catalog, model in
            _ = try await resolve([], of: model, creation: "new", catalog)
            func commit() async throws {
                try await catalog.commitState(
                    StateCommit(
                        modelID: model, stateID: "new", name: "n", createdAt: 1, baseState: nil, lineageJSON: "[]", mountsJSON: "[]",
                        keys: [], packs: [], makeActive: false, deleteStates: [], endsCreation: true))
            }
            let cancelled = try await catalog.cancelCreation("new")
            #expect(cancelled)
            await #expect { try await commit() } throws: { ($0 as? CatalogError)?.code == .cancelled }
            let again = try await catalog.cancelCreation("new")
            let state = try await catalog.state(id: "new", model: model)
            #expect(!again && state == nil)
        }
    }
}
