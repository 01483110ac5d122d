import Foundation
import Strata
import StrataTesting
import Testing

/// Packs that are away for a while: what needs them is refused, all else works, and nothing is lost.
@Suite struct PackAccessTests {
    @Test(arguments: ["missing", "a folder in its place", "a loop of links"])
    func whatNeedsAPackIsRefusedUntilItIsBack(state: String) async throws {
        try await withTemporaryStore { store async throws in
            let model = try await store.createModel(named: "m")
            let first = try await store.commit([("k", SeededBytes.random(200_000, seed: 1))], to: model.id)
            let pack = store.path + "/packs/" + (try #require(try StoreFolder(store).packs().first))
            try await withStore(at: store.path) { other async throws in
                try FileManager.default.moveItem(atPath: pack, toPath: pack + ".away")
                switch state {
                case "missing": break
                case "a folder in its place": try FileManager.default.createDirectory(atPath: pack, withIntermediateDirectories: false)
                default: try FileManager.default.createSymbolicLink(atPath: pack, withDestinationPath: pack)
                }
                let error = await #expect(throws: StrataError.self) { _ = try await other.bytes(of: "k", in: first.id, of: model.id) }
                #expect(error.map { [.corrupted, .io].contains($0.code) } == true)
                #expect(error?.context["path"]?.hasSuffix(".pack") == true || error?.message.contains("pack") == true)
                // The value that would be its base cannot be read: it is stored without one.
                let related = try await other.commit([("k", SeededBytes.random(200_000, seed: 3))], to: model.id)
                #expect(try await other.bytes(of: "k", in: related.id, of: model.id) == SeededBytes.random(200_000, seed: 3))
                let second = try await other.commit([("another", SeededBytes.random(150_000, seed: 2))], to: model.id)
                #expect(try await other.bytes(of: "another", in: second.id, of: model.id) == SeededBytes.random(150_000, seed: 2))
                #expect(try await !other.verify().isSound)
                if state != "missing" { try FileManager.default.removeItem(atPath: pack) }
                try FileManager.default.moveItem(atPath: pack + ".away", toPath: pack)
            }
            try await withStore(at: store.path) { other async throws in
                #expect(try await other.bytes(of: "k", in: first.id, of: model.id) == SeededBytes.random(200_000, seed: 1))
                #expect(try await other.verify().isSound)
                // Found sound again, it counts as known again: the same content is not stored twice.
                let packBytes = try await other.statistics().packBytes
                try await other.commit([("the same", SeededBytes.random(200_000, seed: 1))], to: model.id)
                #expect(try await other.statistics().packBytes == packBytes)
            }
        }
    }
}
