import Foundation
import StrataTesting
import Testing

@testable import Strata

/// A store with something of everything, and what must be read from it.
struct RepairSample {
    let path: String
    let model: ModelID
    var contents: [StateID: [String: [UInt8]]] = [:]
    var names: [StateID: String] = [:]

    /// `first`, `second` (differences from it), `small` (all in the catalog), and a snapshot and files.
    static func make(_ path: String) async throws -> RepairSample {
        try await withStore(at: path) { store in
            let model = try await store.createModel(named: "m", options: ModelOptions(description: "of the sample")).id
            var sample = RepairSample(path: path, model: model)
            let weights = SeededBytes.random(900_000, seed: 1)
            try await sample.commit([("weights", weights), ("small", [1, 2, 3])], "first", in: store, isActive: true)
            var changed = weights
            for place in stride(from: 0, to: changed.count, by: 977) { changed[place] &+= 1 }
            try await sample.commit([("weights", changed), ("other", SeededBytes.random(300_000, seed: 2))], "second", in: store)
            try await sample.commit([("tiny", [9, 9])], "small", in: store)
            try await store.changeFiles(of: model) { try await $0.put("main.py", Array("print(1)".utf8)) }
            try await store.createSnapshot(of: model, named: "snap")
            return sample
        }
    }

    mutating func commit(_ keys: [(String, [UInt8])], _ name: String, in store: StateStore, isActive: Bool = false) async throws {
        var options = StateOptions()
        options.makeActive = isActive
        let state = try await store.commit(keys, to: model, named: name, options: options)
        contents[state.id] = Dictionary(uniqueKeysWithValues: keys)
        names[state.id] = name
    }

    func id(_ name: String) -> StateID { names.first { $0.value == name }!.key }

    /// The keys that read as they were; those that throw `corrupted` are left out, and anything else is an error.
    func readable(in store: StateStore) async throws -> [StateID: [String: [UInt8]]] {
        var read: [StateID: [String: [UInt8]]] = [:]
        for state in try await store.states(of: model, limit: 1000).items {
            for key in state.keys {
                do {
                    read[state.id, default: [:]][key.key] = try await store.bytes(of: key.key, in: state.id, of: model)
                } catch {
                    guard error.code == .corrupted else { throw error }
                }
            }
        }
        return read
    }

    /// Expects that a store reads as it was made, and that verification finds nothing.
    func expectWhole(at path: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await withStore(at: path, .readWrite) { store in
            let read = try await readable(in: store)
            #expect(read == contents, "\(path)", sourceLocation: sourceLocation)
            let verified = try await store.verify()
            #expect(verified.isSound, "\(path): \(verified.damages)", sourceLocation: sourceLocation)
        }
    }

    var packs: [String] { (try? StoreFolder(path).packs()) ?? [] }

    func removeCatalog(copyToo: Bool = false) throws {
        for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] + (copyToo ? ["catalog.copy.sqlite"] : []) {
            try? FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    /// The largest pack: that of `first`, whose chunks are bases.
    func largestPack() throws -> String {
        try packs.max { try FileBytes.read(path + "/packs/" + $0).count < FileBytes.read(path + "/packs/" + $1).count }!
    }
}

extension [Damage] {
    /// Whose bytes are damaged, however often.
    var places: Set<String> {
        Set(map { damage in
            let owner = damage.modelID?.rawValue ?? damage.datasetID?.rawValue ?? "the structure"
            return "\(owner) \(damage.stateID?.rawValue ?? damage.snapshotID?.rawValue ?? "") \(damage.key ?? "")"
        })
    }
}
