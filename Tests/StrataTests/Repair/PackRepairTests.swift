import ContentStore
import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Damaged, missing and strange packs, and chunks that heal.
@Suite struct PackRepairTests {
    /// Flips a byte in the middle of each third of a pack's records.
    private func damage(_ path: String) throws {
        var bytes = try FileBytes.read(path)
        bytes[bytes.count / 3] ^= 0xff
        try FileBytes.write(bytes, to: path)
    }

    private func expectNamed(_ report: RepairReport, _ sample: RepairSample) async throws {
        try await withStore(at: sample.path, .readWrite) { store in
            let read = try await sample.readable(in: store)
            var lost: Set<String> = []
            for (state, keys) in sample.contents {
                for (key, value) in keys {
                    if let bytes = read[state]?[key] { #expect(bytes == value) } else { lost.insert("\(state) \(key)") }
                }
            }
            let named = Set(report.losses.compactMap { loss in loss.stateID.map { "\($0) \(loss.key ?? "")" } })
            #expect(named == lost, "\(report)")
            #expect(!lost.isEmpty)
            let verified = try await store.verify()
            #expect(Set(verified.damages.compactMap { damage in damage.stateID.map { "\($0) \(damage.key ?? "")" } }) == lost)
        }
        #expect(try await !StateStore.repair(at: sample.path).needsRepair)
    }

    @Test func aDamagedPackIsSavedFromAndWhatIsLostIsNamed() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let pack = try sample.largestPack()
            try damage(sample.path + "/packs/" + pack)
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.lostChunks >= 1 && report.quarantined == ["quarantine/1/catalog.sqlite", "quarantine/1/packs/" + pack], "\(report)")
            #expect(report.losses.allSatisfy { $0.offset != nil && $0.modelID == sample.model })
            try await expectNamed(report, sample)
        }
    }

    /// A backup checks the heads that a lost directory would be replaced by, and sends its user here.
    @Test func aDamagedRecordHeadIsPutRightAndLosesNothing() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            var differences = 0
            for pack in sample.packs {
                let path = sample.path + "/packs/" + pack
                var bytes = try FileBytes.read(path)
                // A byte of the first chunk's digest, and the last one of each base's.
                bytes[64 + 20] ^= 1
                for chunk in try PackReader(path: path).chunks where chunk.base != nil {
                    bytes[Int(chunk.offset) - 1] ^= 1
                    differences += 1
                }
                try FileBytes.write(bytes, to: path)
            }
            #expect(differences > 0)
            await expectRefusal(.corrupted, words: ["strata repair"]) {
                try await withStore(at: sample.path, .readWrite) { _ = try await $0.backUp(to: folder + "/b") }
            }
            let report = try await StateStore.repair(at: sample.path)
            let findings = report.packs.values.filter { $0.hasPrefix("the heads of") }
            #expect(try findings.count == StoreFolder(sample.path + "/quarantine/1").packs().count && !findings.isEmpty, "\(report)")
            #expect(report.losses == [] && report.lostChunks == 0, "\(report)")
            try await sample.expectWhole(at: sample.path)
            #expect(try await !StateStore.repair(at: sample.path).needsRepair)
            try await withStore(at: sample.path, .readWrite) { _ = try await $0.backUp(to: folder + "/b") }
        }
    }

    @Test func aMissingPackIsNamed() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            try FileManager.default.removeItem(atPath: sample.path + "/packs/" + sample.largestPack())
            let report = try await StateStore.repair(at: sample.path)
            try await expectNamed(report, sample)
        }
    }

    @Test func aPackThatLostItsEndIsReadFromItsRecords() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            for cut in [1, 64, 128, 129, 600] {
                let path = folder + "/cut\(cut)"
                try FileManager.default.copyItem(atPath: sample.path, toPath: path)
                let pack = path + "/packs/" + (try sample.largestPack())
                try FileBytes.write(Array(try FileBytes.read(pack).dropLast(cut)), to: pack)
                let report = try await StateStore.repair(at: path)
                #expect(report.losses == [] && report.lostChunks == 0, "cut \(cut): \(report)")
                try await sample.expectWhole(at: path)
            }
        }
    }

    /// The footer is gone and so are catalog and copy: the directory is found behind the last record.
    @Test func aPackWithoutItsFooterStillTellsItsStates() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            for pack in sample.packs {
                let path = sample.path + "/packs/" + pack
                try FileBytes.write(Array(try FileBytes.read(path).dropLast(128)), to: path)
            }
            try sample.removeCatalog(copyToo: true)
            let report = try await StateStore.repair(at: sample.path)
            #expect(Set(report.recoveredStates.map(\.name)) == ["first", "second"], "\(report)")
            try await withStore(at: sample.path, .readWrite) { store in
                var expected = sample.contents
                expected[sample.id("small")] = nil
                let read = try await sample.readable(in: store)
                #expect(read == expected)
            }
        }
    }

    @Test func randomDamageInPacksLosesNoMoreThanItHits() async throws {
        var generator = SeededGenerator.announced("damaged packs")
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            for round in Rounds.some(of: 30) {
                let path = folder + "/r\(round)"
                try FileManager.default.copyItem(atPath: sample.path, toPath: path)
                let pack = path + "/packs/" + sample.packs.randomElement(using: &generator)!
                var bytes = try FileBytes.read(pack)
                for _ in 0..<Int.random(in: 1...4, using: &generator) { bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 0x55 }
                if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
                try FileBytes.write(bytes, to: pack)
                if Bool.random(using: &generator) { try FileManager.default.removeItem(atPath: path + "/catalog.sqlite") }
                let report = try await StateStore.repair(at: path)
                try await withStore(at: path, .readWrite) { store in
                    let verified = try await store.verify()
                    #expect(verified.damages.places == report.losses.places, "round \(round): \(verified.damages) \(report)")
                    for (state, keys) in try await sample.readable(in: store) { for (key, value) in keys {
                        let isRight = value == sample.contents[state]?[key]
                        #expect(isRight, "round \(round): \(key) of \(state)")
                    } }
                }
                #expect(try await !StateStore.repair(at: path).needsRepair, "round \(round)")
            }
        }
    }

    @Test func aReplicaHealsWhatIsLost() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let replica = folder + "/replica"
            try FileManager.default.copyItem(atPath: sample.path, toPath: replica)
            try damage(sample.path + "/packs/" + sample.largestPack())
            try FileManager.default.removeItem(atPath: sample.path + "/packs/" + sample.packs.first!)
            let report = try await StateStore.repair(at: sample.path, from: [replica])
            #expect(report.healedChunks >= 1 && report.losses == [] && report.lostChunks == 0, "\(report)")
            try await sample.expectWhole(at: sample.path)
        }
    }

    /// What is lost heals when its content is uploaded again; everything that shares it reads again.
    @Test func anUploadHealsWhatIsLost() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            try damage(sample.path + "/packs/" + sample.largestPack())
            _ = try await StateStore.repair(at: sample.path)
            try await withStore(at: sample.path, .readWrite) { store in
                #expect(try await !store.verify().isSound)
                let keys = sample.contents[sample.id("first")]!.map { ($0.key, $0.value) }
                try await store.commit(keys, to: sample.model, named: "again")
                var read = try await sample.readable(in: store)
                read = read.filter { sample.contents[$0.key] != nil }
                #expect(read == sample.contents)
                #expect(try await store.verify().isSound)
            }
        }
    }

    /// Without a repair between: the read that finds the damage marks it.
    @Test func anUploadHealsWhatAReadFoundDamaged() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            try damage(sample.path + "/packs/" + sample.largestPack())
            try await withStore(at: sample.path, .readWrite) { store in
                #expect(try await sample.readable(in: store) != sample.contents)
                let keys = sample.contents[sample.id("first")]!.map { ($0.key, $0.value) }
                try await store.commit(keys, to: sample.model, named: "again")
                var read = try await sample.readable(in: store)
                read = read.filter { sample.contents[$0.key] != nil }
                #expect(read == sample.contents)
            }
            #expect(try await StateStore.repair(at: sample.path).losses == [])
        }
    }

    @Test func strangersInThePacksFolderGoAsideAndNothingOfThemIsEntered() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let other = try await RepairSample.make(folder + "/other")
            for pack in other.packs {
                let target = sample.path + "/packs/" + pack
                try? FileManager.default.createDirectory(
                    atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: other.path + "/packs/" + pack, toPath: target)
            }
            try FileManager.default.createDirectory(atPath: sample.path + "/packs/00", withIntermediateDirectories: true)
            let zeros = "00/" + String(repeating: "0", count: 64) + ".pack"
            for name in [zeros, "00/notes.txt", "stray"] { try FileBytes.write([1, 2, 3], to: sample.path + "/packs/" + name) }
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.recoveredStates == [] && report.losses == [], "\(report)")
            #expect(report.quarantined.count == other.packs.count + 3, "\(report)")
            try await withStore(at: sample.path, .readWrite) { store in
                let read = try await sample.readable(in: store)
                #expect(read == sample.contents)
                try await expectNothingLeft(in: store)
            }
        }
    }
}
