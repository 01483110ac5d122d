import Foundation
import Strata
import Testing

/// A kept store that was damaged on purpose, and what is to become of it.
///
/// They are made of the sound ones when a test runs, always the same way: the damage is what is kept.
struct DamagedStore: Sendable, CustomTestStringConvertible {
    enum Opening: Sendable {
        case opens
        case refused(StrataError.Code, words: [String])
        /// Migration comes upon the damage and is taken back.
        case refusesMigration(StrataError.Code)
    }

    enum Repair: Sendable {
        /// Everything comes back but these places, which the repair names; see `GoldenPlaces`.
        case restores(allBut: Set<String> = [])
        /// The states of packs come back, and nothing that only the catalog knew.
        case restoresStates
        case refused(StrataError.Code)
    }

    let name: String
    let version: Int
    let opening: Opening
    /// Words of what verification says; none for a store that is sound once it is open.
    var verification: [String] = []
    /// Places that cannot be read before a repair.
    var unreadable: Set<String> = []
    let repair: Repair
    let damage: @Sendable (StoreFolder) throws -> Void

    var testDescription: String { "v\(version)-\(name)" }

    static let all = Array(1...GoldenMaker.formatVersion).flatMap { damagedPacks($0) + damagedCatalogs($0) + damagedFormats($0) + interrupted($0) }

    /// The sizes of packs: that of `first`, with weights, log and noise, and that of `second`'s weights. Commit records tell more since
    /// version 3 was kept, and planes have been compressed by a search for runs since version 6.
    private static func packBytes(_ version: Int) -> (first: Int, second: Int) {
        switch version {
        case ..<3: (280_811, 50_124)
        case ..<6: (280_921, 50_426)
        default: (280_880, 50_875)
        }
    }

    private static func everywhere(_ state: String, _ keys: String...) -> Set<String> {
        let owners = state == "first" ? ["golden/first", "golden/frozen: first", "based/first"] : ["golden/second", "copy/second"]
        return Set(owners.flatMap { owner in keys.map { "\(owner)/\($0)" } })
    }

    private static func damagedPacks(_ version: Int) -> [DamagedStore] {
        let noise = everywhere("first", "noise")
        let cut = everywhere("first", "weights", "log", "noise").union(everywhere("second", "weights", "log"))
        let missing = everywhere("second", "weights")
        let (firstPackBytes, secondPackBytes) = packBytes(version)
        return [
            DamagedStore(name: "torn-pack-footer", version: version, opening: .opens, verification: ["footer"], repair: .restores()) {
                try $0.changePack(firstPackBytes) { pack in pack.replaceSubrange((pack.count - 64)..., with: [UInt8](repeating: 0, count: 64)) }
            },
            DamagedStore(name: "torn-pack-directory", version: version, opening: .opens, verification: ["directory"], repair: .restores()) {
                try $0.changePack(firstPackBytes) { $0[$0.count - 300] ^= 1 }
            },
            DamagedStore(
                name: "truncated-pack", version: version, opening: .opens, verification: ["has 100000 bytes", "weights", "noise"],
                unreadable: cut, repair: .restores(allBut: cut)
            ) { try $0.changePack(firstPackBytes) { $0.removeSubrange(100_000...) } },
            DamagedStore(
                name: "missing-pack", version: version, opening: .opens, verification: ["is missing", "weights"], unreadable: missing,
                repair: .restores(allBut: missing)
            ) { try $0.removePack(secondPackBytes) },
            DamagedStore(
                name: "flipped-chunk-byte", version: version, opening: .opens, verification: ["does not match its digest", "noise"],
                unreadable: noise, repair: .restores(allBut: noise)
            ) { try $0.changePack(firstPackBytes) { $0[200_000] ^= 1 } },
            DamagedStore(
                name: "flipped-base-byte", version: version, opening: .opens, verification: ["weights"],
                unreadable: everywhere("first", "weights").union(missing), repair: .restores(allBut: everywhere("first", "weights").union(missing))
            ) { try $0.changePack(firstPackBytes) { $0[60_000] ^= 1 } },
        ]
    }

    private static func damagedCatalogs(_ version: Int) -> [DamagedStore] {
        let corrupted = Opening.refused(.corrupted, words: ["catalog.sqlite"])
        // `states_by_model` and `key_set_entries`, by the schema of each version.
        let (index, table) = version == 1 ? (39, 16) : (38, 17)
        return [
            DamagedStore(name: "missing-catalog", version: version, opening: .refused(.corrupted, words: ["is missing"]), repair: .restoresStates) {
                try FileManager.default.removeItem(atPath: $0.path + "/catalog.sqlite")
            },
            DamagedStore(name: "garbage-catalog", version: version, opening: corrupted, repair: .restoresStates) {
                try $0.change("catalog.sqlite") { $0 = Array(String(repeating: "no database ", count: 700).utf8) }
            },
            DamagedStore(
                name: "foreign-catalog", version: version, opening: .refused(.unsupportedFormat, words: ["belongs to store"]),
                repair: .restoresStates
            ) { folder in
                // The id in the table `store`: another store's.
                let id = try #require(String(decoding: FileBytes.read(folder.path + "/format"), as: UTF8.self).split(separator: " ").last)
                let (mine, other) = (Array(id.utf8.prefix(36)), Array("00000000-0000-4000-8000-000000000000".utf8))
                try folder.change("catalog.sqlite") { $0.replaceFirst(mine, by: other) }
            },
            DamagedStore(
                name: "zeroed-catalog-index-page", version: version, opening: .opens, verification: ["the catalog is damaged"],
                unreadable: GoldenPlaces.unknown, repair: .restores()
            ) { try $0.zeroCatalogPage(index) },
            DamagedStore(
                name: "zeroed-catalog-page", version: version, opening: version < GoldenMaker.formatVersion ? .refusesMigration(.corrupted) : .opens,
                verification: ["the catalog is damaged"],
                unreadable: GoldenPlaces.unknown, repair: .restores()
            ) { try $0.zeroCatalogPage(table) },
            DamagedStore(
                name: "newer-catalog", version: version, opening: .refused(.unsupportedFormat, words: ["format version 99", "newer program"]),
                repair: .refused(.unsupportedFormat)
            ) { try $0.change("catalog.sqlite") { $0.replaceSubrange(60..<64, with: [0, 0, 0, 99]) } },
        ]
    }

    private static func damagedFormats(_ version: Int) -> [DamagedStore] {
        [
            DamagedStore(
                name: "truncated-format", version: version, opening: .refused(.unsupportedFormat, words: ["`format`"]), repair: .restores()
            ) { try $0.change("format") { $0.removeSubrange(5...) } },
            DamagedStore(name: "missing-format", version: version, opening: .refused(.storeNotFound, words: []), repair: .restores()) {
                try FileManager.default.removeItem(atPath: $0.path + "/format")
            },
            DamagedStore(
                name: "newer-format", version: version, opening: .refused(.unsupportedFormat, words: ["format version 99", "newer program"]),
                repair: .refused(.unsupportedFormat)
            ) { try $0.change("format") { $0.replaceFirst(Array("strata 1 ".utf8), by: Array("strata 99 ".utf8)) } },
        ]
    }

    private static func interrupted(_ version: Int) -> [DamagedStore] {
        [
            DamagedStore(name: "hot-wal", version: version, opening: .opens, repair: .restores()) { try $0.leaveLog(isTorn: false) },
            DamagedStore(name: "torn-wal", version: version, opening: .opens, repair: .restores()) { try $0.leaveLog(isTorn: true) },
            DamagedStore(name: "dead-session", version: version, opening: .opens, repair: .restores()) { folder in
                let staging = folder.path + "/staging/" + String(repeating: "0", count: 32)
                try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
                try FileBytes.write([0, 0, 0], to: staging + "/lock")
                try FileBytes.write(Array("STRATAPK and no more".utf8), to: staging + "/0.pack")
            },
        ]
    }
}
