import Foundation
import Strata
import StrataTesting
import Testing

/// A disk that is full refuses, loses nothing, and takes the same commit once there is room.
@Suite(.enabled(if: MountedDisk.isAllowed, "needs the right to mount a file system in memory"))
struct FullDiskTests {
    @Test func aStateThatDoesNotFitIsRefusedAndFitsLater() async throws {
        try await MountedDisk.with(mebibytes: 8) { disk in
            let path = disk.path + "/s.strata"
            let big = SeededBytes.random(12 << 20, seed: 1)
            let model = try await withStore(at: path) { store async throws in
                let model = try await store.createModel(named: "m")
                let kept = try await store.commit([("k", SeededBytes.random(1 << 20, seed: 2))], to: model.id, named: "kept")
                await expectRefusal(.noSpace, words: ["free some space"]) { try await store.commit([("k", big)], to: model.id) }
                #expect(try await store.bytes(of: "k", in: kept.id, of: model.id) == SeededBytes.random(1 << 20, seed: 2))
                #expect(try await store.verify().isSound)
                try await expectNothingLeft(in: store)
                try disk.resize(mebibytes: 64)
                let state = try await store.commit([("k", big)], to: model.id)
                #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == big)
                return model.id
            }
            try await withStore(at: path) { store async throws in
                #expect(try await store.verify().isSound)
                #expect(try await store.states(of: model).total == 3)
            }
        }
    }

    @Test func aCatalogThatCannotGrowRefusesAndGrowsLater() async throws {
        try await MountedDisk.with(mebibytes: 4) { disk in
            try await withStore(at: disk.path + "/s.strata") { store async throws in
                let model = try await store.createModel(named: "m")
                let ballast = disk.path + "/ballast"
                try fill(ballast)
                await expectRefusal(.noSpace, words: ["free some space"]) {
                    for number in 0..<100 { try await store.commit([("k", SeededBytes.random(30_000, seed: UInt64(number)))], to: model.id) }
                }
                try FileManager.default.removeItem(atPath: ballast)
                let state = try await store.commit([("k", [1, 2, 3])], to: model.id)
                #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == [1, 2, 3])
                #expect(try await store.verify().isSound)
            }
        }
    }

    @Test func aStoreThatCannotBeMadeIsMadeLater() async throws {
        try await MountedDisk.with(mebibytes: 1) { disk in
            let ballast = disk.path + "/ballast"
            try fill(ballast)
            let error = await expectRefusal(.noSpace) { _ = try await StateStore.open(at: disk.path + "/s.strata") }
            #expect(error?.message.contains(disk.path) == true)
            try FileManager.default.removeItem(atPath: ballast)
            try await withStore(at: disk.path + "/s.strata") { store async throws in
                let report = try await store.verify()
                #expect(report.isSound)
            }
        }
    }

    /// Writes until the disk is full.
    private func fill(_ path: String) throws {
        let file = fopen(path, "w")
        defer { fclose(file) }
        let block = [UInt8](repeating: 7, count: 4096)
        setvbuf(file, nil, _IONBF, 0)
        while fwrite(block, 1, block.count, file) == block.count {}
    }
}

/// A disk that cannot be written is read from, and says so when it is written to.
@Suite(.enabled(if: MountedDisk.isAllowed, "needs the right to mount a file system in memory"))
struct ReadOnlyDiskTests {
    @Test func itIsReadAndRefusesToBeWritten() async throws {
        try await MountedDisk.with(mebibytes: 16) { disk in
            let path = disk.path + "/s.strata"
            let value = SeededBytes.random(300_000, seed: 3)
            let model = try await withStore(at: path) { store async throws in
                let model = try await store.createModel(named: "m")
                try await store.commit([("k", value)], to: model.id, options: StateOptions(makeActive: true))
                return model.id
            }
            try disk.makeReadOnly(true)
            let error = await #expect(throws: StrataError.self) { _ = try await StateStore.open(at: path, .readWrite) }
            #expect(error.map { [.io, .readOnly].contains($0.code) } == true, "\(String(describing: error))")
            #expect(error?.message.contains(path) == true)
            try await withStore(at: path, .readOnly) { store async throws in
                #expect(try await store.bytes(of: "k", of: model) == value)
                for scope in [VerificationScope.quick, .full, .percent(10)] { #expect(try await store.verify(scope).isSound) }
                await expectRefusal(.readOnly) { try await store.commit([("k", [1])], to: model) }
            }
            try disk.makeReadOnly(false)
            try await withStore(at: path) { store async throws in
                try await store.commit([("k", [1])], to: model)
                #expect(try await store.verify().isSound)
            }
        }
    }
}
