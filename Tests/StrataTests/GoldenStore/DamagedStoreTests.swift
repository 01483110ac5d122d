import Foundation
import Strata
import StrataTesting
import Testing

/// Each damaged store opens, migrates or is refused as it should; verification names the damage; a repair brings back what is
/// stated, and what it does not bring back it names.
@Suite struct DamagedStoreTests {
    private func with(
        _ store: DamagedStore, _ body: (_ path: String, GoldenManifest) async throws -> Void
    ) async throws {
        try await GoldenStoreTests().withGoldenStore(store.version) { path, manifest in
            try store.damage(StoreFolder(path))
            try await body(path, manifest)
        }
    }

    @Test(arguments: DamagedStore.all)
    func readingOnlyChangesNothing(store: DamagedStore) async throws {
        try await with(store) { path, _ in
            let before = try StoreFolder(path).fingerprint()
            switch store.opening {
            case .refused(let code, let words): await expectRefusal(code, words: words) { _ = try await StateStore.open(at: path, .readOnly) }
            case .refusesMigration where store.version < GoldenMaker.formatVersion, .opens where store.version < GoldenMaker.formatVersion:
                await expectRefusal(.needsMigration, words: ["open the store for writing"]) { _ = try await StateStore.open(at: path, .readOnly) }
            default: try await withStore(at: path, .readOnly) { _ in }
            }
            #expect(try StoreFolder(path).fingerprint() == before)
        }
    }

    @Test(arguments: DamagedStore.all)
    func itIsMigratedOrRefusedAndVerificationNamesTheDamage(store: DamagedStore) async throws {
        try await with(store) { path, manifest in
            if let refusal = store.refusal {
                let before = try? FileBytes.read(path + "/catalog.sqlite")
                await expectRefusal(refusal.code, words: refusal.words) { _ = try await StateStore.open(at: path, .readWrite) }
                let after = try? FileBytes.read(path + "/catalog.sqlite")
                if case .refusesMigration = store.opening {
                    // The version is the last thing that a migration writes.
                    #expect(after?.count == before?.count && after?[60..<64] == before?[60..<64])
                } else {
                    #expect(after == before)
                }
                let log = (try? FileBytes.read(path + "/catalog.sqlite-wal")) ?? []
                #expect(log.isEmpty, "something was written to the log of a store that was refused")
                return
            }
            try await withStore(at: path, .readWrite) { opened in
                if store.unreadable != GoldenPlaces.unknown {
                    let read = try await GoldenPlaces(of: opened)
                    #expect(GoldenPlaces(manifest).missing(in: read) == store.unreadable)
                }
                let report = try await opened.verify()
                #expect(report.isSound == store.verification.isEmpty, "\(report.damages)")
                let told = report.damages.map { "\($0.key ?? "") \($0.message)" }
                for word in store.verification { #expect(told.contains { $0.contains(word) }, "nothing tells of `\(word)`: \(told)") }
                let keys = Set(report.damages.compactMap(\.key))
                for place in store.unreadable.subtracting(GoldenPlaces.unknown) {
                    #expect(keys.contains { place.hasSuffix("/" + $0) }, "\(place) is not named")
                }
            }
        }
    }

    @Test(arguments: DamagedStore.all)
    func aRepairBringsBackWhatIsStated(store: DamagedStore) async throws {
        try await with(store) { path, manifest in
            if case .refused(let code) = store.repair {
                let before = try StoreFolder(path).fingerprint()
                await expectRefusal(code) { _ = try await StateStore.repair(at: path) }
                #expect(try StoreFolder(path).fingerprint().filter { !$0.key.hasPrefix("repair") } == before)
                return
            }
            let report = try await StateStore.repair(at: path)
            let expected = GoldenPlaces(manifest)
            try await withStore(at: path, .readWrite) { repaired in
                #expect(repaired.id == manifest.storeID)
                let missing = expected.missing(in: try await GoldenPlaces(of: repaired))
                switch store.repair {
                case .restores(let lost):
                    #expect(missing == lost)
                    #expect(report.losses.isEmpty == lost.isEmpty, "\(report.losses)")
                    for place in lost { #expect(report.losses.contains { place.hasSuffix("/" + ($0.key ?? "?")) }, "the repair does not name \(place)") }
                default:
                    let states = Set(expected.digests.keys.filter { $0.hasPrefix("golden/first/") || $0.hasPrefix("golden/second/") })
                    #expect(missing.isDisjoint(with: states), "\(missing)")
                }
                let verified = try await repaired.verify()
                #expect(verified.isSound == report.losses.isEmpty, "\(verified.damages)")
            }
        }
    }

    @Test(arguments: Array(1...GoldenMaker.formatVersion))
    func aCommittedLogCountsAndATornOneDoesNot(version: Int) async throws {
        for (name, description) in [("hot-wal", StoreFolder.loggedDescription), ("torn-wal", StoreFolder.keptDescription)] {
            let store = try #require(DamagedStore.all.first { $0.name == name && $0.version == version })
            try await with(store) { path, _ in
                try await withStore(at: path, .readWrite) { opened in
                    let model = try #require(try await opened.models(ListFilter(names: ["golden"])).items.first)
                    #expect(model.description.hasPrefix(description))
                }
            }
        }
    }

    @Test func everyVersionHasTheSameDamages() {
        let names = Dictionary(grouping: DamagedStore.all, by: \.version).mapValues { Set($0.map(\.name)) }
        #expect(names.count == GoldenMaker.formatVersion)
        #expect(Set(names.values).count == 1)
        #expect(DamagedStore.all.count == names.values.reduce(0) { $0 + $1.count })
    }
}

extension DamagedStore {
    /// Why it does not open for writing; nil when it does.
    fileprivate var refusal: (code: StrataError.Code, words: [String])? {
        switch opening {
        case .opens: nil
        case .refused(let code, let words): (code, words)
        case .refusesMigration(let code): (code, [])
        }
    }
}
