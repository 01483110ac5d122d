import ContentStore
import Foundation
import Strata
import StrataTesting
import Synchronization
import Testing

@Suite struct VerificationTests {
    /// A closed store with a model, a large state in several packs, small values and a snapshot.
    private func withFilledStore(_ body: (_ path: String, _ model: ModelID) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s.strata"
            let model = try await withStore(at: path, options: Self.options) { store async throws in
                let model = try await store.createModel(named: "m")
                for number in 0..<4 {
                    try await store.commit(
                        [("k", SeededBytes.random(300_000, seed: UInt64(number))), ("small", [UInt8(number)])], to: model.id,
                        named: "v\(number)", options: StateOptions(makeActive: true))
                }
                _ = try await store.createSnapshot(of: model.id, named: "kept")
                return model.id
            }
            try await body(path, model)
        }
    }

    private static var options: StateStore.Options {
        var options = StateStore.Options()
        options.ingest.averageChunkBytes = 16 << 10
        return options
    }

    @Test(arguments: [VerificationScope.quick, .full, .percent(100), .bytes(1)])
    func aSoundStoreIsSoundForEachScope(scope: VerificationScope) async throws {
        try await withFilledStore { path, _ in
            for mode in [StateStore.OpenMode.readWrite, .readOnly] {
                let report = try await withStore(at: path, mode) { try await $0.verify(scope) }
                #expect(report.isSound, "\(report.damages)")
                #expect(!report.isCutShort)
                #expect(report.checkedPacks == (scope == .quick || scope == .full ? 4 : 0))
                #expect(report.keptPlace == (mode != .readOnly && scope != .quick && scope != .full))
            }
        }
    }

    @Test func aDamagedChunkIsToldWithStateSnapshotOffsetDigestAndPack() async throws {
        try await withFilledStore { path, model in
            let pack = try #require(try StoreFolder(path).packs().first)
            try StoreFolder(path).change("packs/" + pack) { $0[150_000] ^= 1 }
            let report = try await withStore(at: path) { try await $0.verify() }
            #expect(report.damagedChunks == 1)
            let states = report.damages.filter { $0.stateID != nil }
            #expect(states.count == 1)
            let damage = try #require(states.first)
            #expect(damage.modelID == model && damage.key == "k" && damage.chunk?.count == 64)
            #expect(damage.pack.map { pack.contains($0) } == true)
            let offset = try #require(damage.offset)
            #expect((100_000...150_000).contains(offset), "the damage is told where its chunk begins, not \(offset)")
            #expect(report.damages.filter { $0.snapshotID != nil }.allSatisfy { $0.offset == offset })
        }
    }

    @Test func everyDamagedChunkOfAValueIsTold() async throws {
        try await withFilledStore { path, _ in
            let pack = try #require(try StoreFolder(path).packs().first)
            try StoreFolder(path).change("packs/" + pack) {
                $0[50_000] ^= 1
                $0[150_000] ^= 1
                $0[250_000] ^= 1
            }
            let report = try await withStore(at: path) { try await $0.verify() }
            #expect(report.damagedChunks == 3)
            #expect(Set(report.damages.compactMap(\.offset)).count == 3)
        }
    }

    @Test(arguments: ["missing", "short", "footer", "directory", "folder in its place", "loop of links"])
    func quickTellsWhatIsWrongWithAPack(damage: String) async throws {
        try await withFilledStore { path, _ in
            let pack = "packs/" + (try #require(try StoreFolder(path).packs().first))
            switch damage {
            case "missing": try FileManager.default.removeItem(atPath: path + "/" + pack)
            case "short": try StoreFolder(path).change(pack) { $0.removeLast(10) }
            case "footer": try StoreFolder(path).change(pack) { $0[$0.count - 20] ^= 1 }
            case "directory": try StoreFolder(path).change(pack) { $0[$0.count - 200] ^= 1 }
            case "folder in its place":
                try FileManager.default.removeItem(atPath: path + "/" + pack)
                try FileManager.default.createDirectory(atPath: path + "/" + pack, withIntermediateDirectories: false)
            default:
                try FileManager.default.removeItem(atPath: path + "/" + pack)
                try FileManager.default.createSymbolicLink(atPath: path + "/" + pack, withDestinationPath: path + "/" + pack)
            }
            for scope in [VerificationScope.quick, .full] {
                let report = try await withStore(at: path) { try await $0.verify(scope) }
                #expect(report.damages.contains { $0.pack.map { pack.contains($0) } == true && $0.modelID == nil }, "\(report)")
                // The chunks of a pack with a damaged index are whole.
                let losesChunks = ["missing", "folder in its place", "loop of links"].contains(damage)
                #expect((report.damagedChunks > 0) == (scope == .full && losesChunks))
            }
        }
    }

    @Test func twentyRunsOfFivePercentSeeEverything() async throws {
        try await withFilledStore { path, _ in
            let packs = try StoreFolder(path).packs()
            for (index, pack) in packs.enumerated() { try StoreFolder(path).change("packs/" + pack) { $0[60_000 * (index + 1)] ^= 1 } }
            let whole = try await withStore(at: path) { try await $0.verify() }
            #expect(whole.damagedChunks == packs.count)
            var (chunks, values): (Int, Int) = (0, 0)
            var found: Set<Damage> = []
            for _ in 0..<20 {
                let report = try await withStore(at: path) { try await $0.verify(.percent(5)) }
                #expect(report.checkedBytes < whole.checkedBytes / 4, "a part is a part")
                chunks += report.checkedChunks
                values += report.checkedValues
                found.formUnion(report.damages)
            }
            #expect(chunks >= whole.checkedChunks && values >= whole.checkedValues)
            #expect(found == Set(whole.damages))
        }
    }

    @Test func aReadOnlyRunChangesNothingAndBeginsAtTheKeptPlace() async throws {
        try await withFilledStore { path, _ in
            _ = try await withStore(at: path) { try await $0.verify(.percent(30)) }
            let before = try StoreFolder(path).fingerprint()
            #expect(before["verification"] != nil && before["verification.new"] == nil)
            for _ in 0..<2 {
                let report = try await withStore(at: path, .readOnly) { try await $0.verify(.percent(30)) }
                #expect(!report.keptPlace && report.checkedChunks > 0)
            }
            #expect(try StoreFolder(path).fingerprint() == before)
        }
    }

    @Test(arguments: ["", "verified 1 x y\n", "verified 2 5 5\n", "verified 1 9223372036854775807 -5\n", String(repeating: "9", count: 5000)])
    func aPlaceThatCannotBeReadIsTheBeginning(text: String) async throws {
        try await withFilledStore { path, _ in
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/verification"))
            let report = try await withStore(at: path) { try await $0.verify(.percent(100)) }
            let whole = try await withStore(at: path) { try await $0.verify() }
            #expect(report.checkedChunks == whole.checkedChunks && report.keptPlace)
        }
    }

    @Test func aPlaceThatCannotBeWrittenDoesNotHideTheDamage() async throws {
        try await withFilledStore { path, _ in
            let pack = try #require(try StoreFolder(path).packs().first)
            try StoreFolder(path).change("packs/" + pack) { $0[150_000] ^= 1 }
            try FileManager.default.createDirectory(atPath: path + "/verification.new", withIntermediateDirectories: false)
            let report = try await withStore(at: path) { try await $0.verify(.percent(100)) }
            #expect(report.damagedChunks == 1 && !report.damages.isEmpty && !report.keptPlace)
        }
    }

    @Test(arguments: [VerificationScope.percent(0), .percent(-1), .percent(101), .percent(.nan)])
    func aShareThatIsNoneIsRefused(scope: VerificationScope) async throws {
        _ = try await withTemporaryStore { store async throws in
            await expectRefusal(.invalidParameter, field: "percent") { _ = try await store.verify(scope) }
        }
    }

    @Test func aBudgetOfNothingIsRefused() async throws {
        _ = try await withTemporaryStore { store async throws in
            await expectRefusal(.invalidParameter, field: "bytes", words: ["1"]) { _ = try await store.verify(.bytes(0)) }
        }
    }

    @Test func aCancelledRunKeepsNoPlace() async throws {
        try await withFilledStore { path, _ in
            try await withStore(at: path) { store async throws in
                let (steps, continuation) = AsyncStream<Void>.makeStream()
                let run = Task {
                    try await store.verify(.percent(100)) { _ in
                        continuation.yield()
                        continuation.finish()
                    }
                }
                for await _ in steps { run.cancel() }
                let result = await run.result
                if case .failure(let error) = result {
                    #expect((error as? StrataError)?.code == .cancelled)
                    #expect(!FileManager.default.fileExists(atPath: path + "/verification"))
                }
            }
        }
    }

    /// States come and go while the store is verified again and again.
    @Test
    func writersAndDeletersRaiseNoFalseAlarm() async throws {
        try await withFilledStore { path, model in
            try await withStore(at: path, options: Self.options) { store async throws in
                let writing = Task {
                    for number in 0..<12 {
                        let state = try await store.commit([("k", SeededBytes.random(200_000, seed: UInt64(900 + number)))], to: model)
                        try await store.deleteState(state.id, of: model)
                    }
                }
                for scope in [VerificationScope.full, .quick, .percent(50), .full] {
                    let report = try await store.verify(scope)
                    #expect(report.isSound, "\(report.damages)")
                }
                try await writing.value
                #expect(try await store.verify().isSound)
            }
        }
    }
}
