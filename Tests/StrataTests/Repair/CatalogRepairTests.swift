import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Lost and damaged catalogs.
@Suite struct CatalogRepairTests {
    @Test func aSoundStoreIsLeftAsItIs() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let before = try StoreFolder(sample.path).fingerprint()
            for dryRun in [true, false] {
                let report = try await StateStore.repair(at: sample.path, dryRun: dryRun)
                #expect(!report.needsRepair, "\(report)")
                #expect(report.losses == [])
                #expect(try StoreFolder(sample.path).fingerprint() == before)
            }
        }
    }

    /// From the copy everything comes back, what no pack tells of too.
    @Test func aMissingCatalogIsRebuiltFromItsCopy() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            try sample.removeCatalog()
            let dry = try await StateStore.repair(at: sample.path, dryRun: true)
            #expect(dry.basis == .catalogCopy && !FileManager.default.fileExists(atPath: sample.path + "/catalog.sqlite"))
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.basis == .catalogCopy && report.losses == [] && report.recoveredStates == [], "\(report)")
            try await withStore(at: sample.path, .readWrite) { store in
                let read = try await sample.readable(in: store)
                #expect(read == sample.contents)
                #expect(try await store.snapshots(of: sample.model).items.map(\.name) == ["snap"])
                #expect(try await store.fileBytes(at: "main.py", of: sample.model) == Array("print(1)".utf8))
                #expect(try await store.verify().isSound)
                try await expectNothingLeft(in: store)
            }
            #expect(try await !StateStore.repair(at: sample.path).needsRepair)
        }
    }

    @Test func whatWasCommittedAfterTheCopyComesFromPacksAndWhatWasDeletedBeforeDoesNot() async throws {
        try await withTemporaryFolder { folder in
            var sample = try await RepairSample.make(folder + "/s")
            try await withStore(at: sample.path) { store in
                try await sample.commit([("k", SeededBytes.random(200_000, seed: 7))], "gone", in: store)
                try await store.deleteState(sample.id("gone"), of: sample.model)
            }
            sample.contents[sample.id("gone")] = nil
            let copy = try FileBytes.read(sample.path + "/catalog.copy.sqlite")
            try await withStore(at: sample.path) { store in
                try await sample.commit([("k", SeededBytes.random(200_000, seed: 8)), ("tiny", [5])], "late", in: store)
            }
            try sample.removeCatalog()
            try FileBytes.write(copy, to: sample.path + "/catalog.copy.sqlite")
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.recoveredStates.map(\.name) == ["late"], "\(report)")
            try await sample.expectWhole(at: sample.path)
        }
    }

    @Test func packsAloneBringTheirStatesBack() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            try sample.removeCatalog(copyToo: true)
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.basis == .packs)
            #expect(Set(report.recoveredStates.map(\.name)) == ["first", "second"])
            #expect(!report.remarks.isEmpty)
            try await withStore(at: sample.path, .readWrite) { store in
                var expected = sample.contents
                expected[sample.id("small")] = nil
                let read = try await sample.readable(in: store)
                #expect(read == expected)
                let model = try await store.model(sample.model)
                #expect(model.name == "m" && model.activeStateID == sample.id("first"))
                #expect(try await store.state(sample.id("second"), of: sample.model).keys.map(\.key) == ["weights", "other"])
                #expect(try await store.verify().isSound)
            }
        }
    }

    @Test func aCatalogThatWasCutOffIsRepaired() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let whole = try FileBytes.read(sample.path + "/catalog.sqlite")
            let lengths = [0, 1, 99, 100, 4095, 4096, 5000, 8192] + stride(from: 20_000, to: whole.count, by: 37_001)
            for length in lengths {
                let path = folder + "/cut\(length)"
                try FileManager.default.copyItem(atPath: sample.path, toPath: path)
                try FileBytes.write(Array(whole.prefix(length)), to: path + "/catalog.sqlite")
                let report = try await StateStore.repair(at: path)
                // A last page may be a free one, which nobody misses.
                #expect((report.needsRepair || length > whole.count - 4096) && report.losses == [], "length \(length): \(report)")
                try await sample.expectWhole(at: path)
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }

    /// The bytes themselves match their digest: only what the catalog says of their number is wrong.
    @Test(arguments: [true, false]) func theSizeOfAValueInTheCatalogIsPutRight(hasCopy: Bool) async throws {
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            if !hasCopy { try FileManager.default.removeItem(atPath: sample.path + "/catalog.copy.sqlite") }
            var bytes = try FileBytes.read(sample.path + "/catalog.sqlite")
            // A row's fields lie one behind the other: the size, a zero that takes no byte, the bytes.
            let row = [8] + Array("print(1)".utf8)
            let places = bytes.indices.filter { bytes[$0...].starts(with: row) }
            #expect(!places.isEmpty)
            for place in places { bytes[place] = 52 }
            try FileBytes.write(bytes, to: sample.path + "/catalog.sqlite")
            try await withStore(at: sample.path, .readWrite) { store in
                let report = try await store.verify()
                #expect(report.damages.contains { $0.message.contains("8 bytes and a size of 52") }, "\(report)")
            }
            let report = try await StateStore.repair(at: sample.path)
            #expect(report.needsRepair && report.losses == [], "\(report)")
            try await sample.expectWhole(at: sample.path)
            try await withStore(at: sample.path, .readWrite) { store async throws in
                #expect(try await store.fileBytes(at: "main.py", of: sample.model) == Array("print(1)".utf8))
            }
            #expect(try await !StateStore.repair(at: sample.path).needsRepair)
        }
    }

    /// With and without the copy; whatever was hit, nothing traps, nothing is wrong data, and what is lost is named.
    @Test(arguments: [true, false]) func randomDamageInTheCatalogIsRepairedOrNamed(hasCopy: Bool) async throws {
        var generator = SeededGenerator.announced("damaged catalogs")
        try await withTemporaryFolder { folder in
            let sample = try await RepairSample.make(folder + "/s")
            let whole = try FileBytes.read(sample.path + "/catalog.sqlite")
            for round in Rounds.some(of: 30) {
                let path = folder + "/r\(round)"
                try FileManager.default.copyItem(atPath: sample.path, toPath: path)
                if !hasCopy { try FileManager.default.removeItem(atPath: path + "/catalog.copy.sqlite") }
                var bytes = whole
                for _ in 0..<Int.random(in: 1...12, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
                }
                try FileBytes.write(bytes, to: path + "/catalog.sqlite")
                let report = try await StateStore.repair(at: path)
                try await withStore(at: path, .readWrite) { store in
                    guard try await store.models().items.contains(where: { $0.id == sample.model }) else {
                        #expect(report.needsRepair, "round \(round)")
                        return
                    }
                    let read = try await sample.readable(in: store)
                    for (state, keys) in read {
                        for (key, value) in keys {
                            let isRight = sample.contents[state]?[key].map { $0 == value } ?? true
                            #expect(isRight, "round \(round): \(key) of \(state) reads as another value, \(report)")
                        }
                    }
                    let verified = try await store.verify()
                    // Keys that are lost with their names leave nothing behind that a verification could miss.
                    let nameless = report.losses.filter { $0.stateID != nil && $0.key == nil }
                    for loss in nameless where !loss.message.contains("the count was damaged") {
                        let state = try #require(loss.stateID)
                        let left = try await store.state(state, of: sample.model).keys.map(\.key)
                        #expect(Set(left) != Set(sample.contents[state].map { Array($0.keys) } ?? []), "round \(round): \(loss) lacks nothing")
                    }
                    let found = report.losses.filter { !nameless.contains($0) }
                    #expect(verified.damages.places == found.places, "round \(round): \(verified.damages) \(report.losses) \(report.basis) \(report.catalogProblem ?? "")")
                }
                let second = try await StateStore.repair(at: path)
                #expect(!second.needsRepair, "round \(round): \(second) first: \(report)")
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }
}
