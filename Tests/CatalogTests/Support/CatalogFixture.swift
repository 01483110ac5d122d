import ContentStore
import Foundation
import GRDB
import StrataTesting

@testable import Catalog

/// A new catalog of its own, closed and removed afterwards.
func withCatalog<T>(_ body: (Catalog) async throws -> T) async throws -> T {
    try await withTemporaryFolder { folder in
        let catalog = try Catalog.open(at: folder + "/catalog.sqlite", mode: .create, storeID: "test")
        let result: T
        do {
            result = try await body(catalog)
        } catch {
            try? catalog.close()
            throw error
        }
        try catalog.close()
        return result
    }
}

extension Catalog {
    /// A model with its first state; answers their ids.
    @discardableResult
    func addModel(_ name: String = "m") async throws -> (model: String, state: String) {
        let (model, state) = ("model-\(name)", "initial-\(name)")
        try await createModel(
            ModelInsertion(
                publicID: model, owner: "local", name: name, description: "", publicAccess: false, createdAt: 1,
                settingsJSON: "{}", tags: [], origin: .empty(filesystemSizeMebibytes: 32), initialStateID: state))
        return (model, state)
    }

    /// Commits a state of these values under the keys `k0`, `k1`, ….
    func addState(
        _ id: String, of model: String, values: [IngestedValue], packs: [SealedPack] = [], makeActive: Bool = false,
        deleteStates: [String] = []
    ) async throws {
        try await commitState(
            StateCommit(
                modelID: model, stateID: id, name: id, createdAt: 1, baseState: nil, lineageJSON: "[]", mountsJSON: "[]",
                keys: values.enumerated().map { ("k\($0)", $1) }, packs: packs, makeActive: makeActive,
                deleteStates: deleteStates, endsCreation: false))
    }
}

/// Packs and values without files behind them: the catalog never looks at the bytes.
enum FakeContent {
    static func digest(_ name: String) -> Digest { Digest(of: Array(name.utf8)) }

    /// A pack of chunks of 1000 bytes; a chunk named `a<b` is a difference from chunk `b`.
    static func pack(_ name: String, _ chunks: [String]) throws -> SealedPack {
        let packed = try chunks.enumerated().map { number, chunk in
            let parts = chunk.split(separator: "<").map(String.init)
            return PackedChunk(
                digest: digest(parts[0]), offset: Int64(64 + number * 600), storedBytes: 500, rawBytes: 1000,
                encoding: try ChunkEncoding(packed: 0), checksum: 0, base: parts.count > 1 ? digest(parts[1]) : nil)
        }
        return SealedPack(name: PackName(digest("pack " + name)), sizeBytes: Int64(chunks.count * 600), chunks: packed)
    }

    /// A value made of chunks that came with the same commit, or are known.
    static func value(_ chunks: [String], known: [String: ChunkID] = [:]) -> IngestedValue {
        let pieces = chunks.map { ValuePiece(digest: digest($0), rawBytes: 1000, known: known[$0]) }
        let size = Int64(chunks.count * 1000)
        return IngestedValue(
            digest: IngestedValue.digest(ofPieces: pieces.map { ($0.digest, $0.rawBytes) }, sizeBytes: size), sizeBytes: size,
            content: .pieces(pieces))
    }

    static func inline(_ text: String) -> IngestedValue { IngestedValue(inline: Array(text.utf8)) }
}
