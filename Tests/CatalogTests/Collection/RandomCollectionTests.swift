import Foundation
import GRDB
import Strata
import StrataTesting
import Testing

@testable import Catalog

/// A store against a dictionary: whatever is committed, deleted, collected and compacted in whatever order, what lives
/// reads back byte for byte, and no pack is there that nothing names, nor named and not there.
@Suite struct RandomCollectionTests {
    private struct Model {
        var states: [StateID: [String: [UInt8]]] = [:]
        var snapshots: [SnapshotID: [String: [UInt8]]] = [:]
        var active: StateID
    }

    @Test func whatLivesReadsBackWhateverHappens() async throws {
        var generator = SeededGenerator.announced("random collections")
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            var handles = [try await StateStore.open(at: path), try await StateStore.open(at: path)]
            let id = try await handles[0].createModel(named: "m").id
            let active = try await handles[0].model(id).activeStateID
            var model = Model(states: [active: [:]], active: active)
            let raw = try DatabaseQueue(path: path + "/catalog.sqlite")
            for step in 0..<120 {
                let number = Int.random(in: 0..<2, using: &generator)
                if Int.random(in: 0..<15, using: &generator) == 0 {
                    try await handles[number].close()
                    handles[number] = try await StateStore.open(at: path)
                }
                let operation = try await Self.operate(on: handles[number], id, &model, &generator)
                var violations = try await raw.read { db in try CatalogInvariants(db: db).violations() }
                violations += try await raw.read { db in try Self.packViolations(db, path) }
                #expect(violations == [], "step \(step): \(operation)")
                if step % 6 == 5 { try await Self.check(handles[1 - number], id, model, "step \(step): \(operation)") }
                guard violations.isEmpty else { break }
            }
            try await Self.check(handles[0], id, model, "the end")
            for handle in handles { try await handle.close() }
            try raw.close()
        }
    }

    /// Pack files without a row, and rows without a file.
    private static func packViolations(_ db: Database, _ path: String) throws -> [String] {
        let files = try FileManager.default.subpathsOfDirectory(atPath: path + "/packs").filter { $0.hasSuffix(".pack") }
        let named = try Data.fetchAll(db, sql: "SELECT name FROM packs UNION ALL SELECT name FROM removed_packs")
            .map { name in name.map { byte in String(Int(byte) + 256, radix: 16).dropFirst() }.joined() }
        let found = files.map { String($0.dropFirst(3).dropLast(5)) }
        return Set(found) == Set(named) ? [] : ["packs on disk \(found.sorted()), in the catalog \(named.sorted())"]
    }

    private static func check(_ store: StateStore, _ id: ModelID, _ model: Model, _ when: String) async throws {
        for (state, contents) in model.states {
            for (key, bytes) in contents {
                let read = try await store.bytes(of: key, in: state, of: id)
                #expect(read == bytes, "\(when)")
            }
        }
        for (snapshot, contents) in model.snapshots {
            for (key, bytes) in contents {
                let read = try await store.withSnapshotState(snapshot, of: id) { try await $0.bytes(of: key) }
                #expect(read == bytes, "\(when)")
            }
        }
    }

    /// A chain of weights, of which each is the one before after a step, and a few other contents.
    private static func contents(_ generator: inout SeededGenerator) -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = ["n": SeededBytes.text(Int.random(in: 0..<50_000, using: &generator), seed: 1)]
        var weights = SeededBytes.weights(30_000, seed: UInt64.random(in: 0..<2, using: &generator))
        for step in 0..<UInt64.random(in: 0..<4, using: &generator) { weights = SeededBytes.trained(weights, seed: step) }
        contents["w"] = weights
        if Bool.random(using: &generator) {
            contents["r"] = SeededBytes.random(200_000, seed: UInt64.random(in: 0..<3, using: &generator))
        }
        return contents
    }

    private static func operate(
        on store: StateStore, _ id: ModelID, _ model: inout Model, _ generator: inout SeededGenerator
    ) async throws -> String {
        switch Int.random(in: 0..<14, using: &generator) {
        case 0...3:
            let contents = contents(&generator)
            let makeActive = Bool.random(using: &generator)
            let state = try await store.commitState(of: id, named: "s", options: StateOptions(makeActive: makeActive)) { writer in
                for (key, bytes) in contents.sorted(by: { $0.key < $1.key }) { try await writer.write(key, bytes) }
            }
            model.states[state.id] = contents
            if makeActive { model.active = state.id }
            return "commit"
        case 4...6:
            let victims = model.states.keys.filter { $0 != model.active }.sorted { $0.rawValue < $1.rawValue }
            guard let victim = victims.randomElement(using: &generator) else { return "nothing" }
            try await store.deleteState(victim, of: id)
            model.states[victim] = nil
            return "delete"
        case 7:
            let snapshot = try await store.createSnapshot(of: id, named: "s")
            model.snapshots[snapshot.id] = model.states[model.active]
            return "snapshot"
        case 8:
            let all = model.snapshots.keys.sorted { $0.rawValue < $1.rawValue }
            guard let victim = all.randomElement(using: &generator) else { return "nothing" }
            try await store.deleteSnapshot(victim, of: id)
            model.snapshots[victim] = nil
            return "delete snapshot"
        case 9...10:
            var options = CompactionOptions()
            options.wasteShareMax = [0, 0.1, 0.25, 0.5].randomElement(using: &generator)!
            options.mergedPacksLeast = Int.random(in: 2...6, using: &generator)
            options.releasesBases = Int.random(in: 0..<4, using: &generator) > 0
            options.shrinksCatalog = false
            let plan = try await store.planCompaction(options)
            let report = try await store.compact(options)
            #expect(report.figures == plan.figures && report.removed.packBytes == report.figures.packBytes)
            return "compact"
        default:
            let plan = try await store.planCollection()
            let report = try await store.collect()
            #expect(report.removed == plan.removable && report.compactableBytes == plan.compactableBytes)
            return "collect"
        }
    }
}
