import ContentStore
import Foundation
import Glibc
import StrataTesting
import Testing

@testable import Strata

@Suite(.serialized) struct CopyTests {
    /// A store with a chain of states, a snapshot of one that is gone, files of all kinds, a second model.
    private func makeSource(_ path: String) async throws -> ModelID {
        try await withStore(at: path, options: FaultSample.options()) { store in
            var options = ModelOptions(description: "of the source")
            options.tags = [Tag("kind", "test")]
            options.filesystemSizeMebibytes = 48
            let model = try await store.createModel(named: "m", options: options).id
            var weights = SeededBytes.weights(60_000, seed: 1)
            var last: StateID?
            for number in 1...4 {
                let options = StateOptions(base: last, makeActive: number != 3)
                last = try await store.commit([("w", weights), ("n", [UInt8(number)]), ("empty", [])], to: model, named: "v\(number)", options: options).id
                weights = SeededBytes.trained(weights, seed: UInt64(number))
                if number == 2 { try await store.createSnapshot(of: model, named: "at2") }
            }
            let gone = try #require(try await store.states(of: model).items.first { $0.name == "v2" })
            try await store.deleteState(gone.id, of: model)
            try await store.changeFiles(of: model) { files in
                try await files.put("main.py", Array("print(1)".utf8), permissions: 0o755)
                try await files.put("data/large.bin", SeededBytes.random(90_000, seed: 7))
                try await files.put("data/empty", [])
                try files.makeDirectory("void")
                try files.makeSymlink("link", to: "main.py")
            }
            let snapshot = try #require(try await store.snapshots(of: model).items.first)
            _ = try await store.createModel(named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: model)))
            return model
        }
    }

    /// Everything of a store with its ids and times, but files' times.
    private func description(of store: StateStore) async throws -> [String] {
        var lines: [String] = []
        for model in try await store.models().items.sorted(by: { $0.name < $1.name }) {
            lines.append("\(model.id) \(model.owner) \(model.name) \(model.description) \(model.isPublic) \(model.createdAtMilliseconds)")
            lines.append("\(model.tags) \(model.settings) \(model.activeStateID) \(String(describing: model.basedOnSnapshot))")
            lines.append("\(String(describing: model.filesystemSizeMebibytes)) \(model.stateCount) \(model.snapshotCount)")
            for state in try await store.states(of: model.id).items {
                lines.append("\(state)")
                for (key, bytes) in try await store.contents(of: state.id, of: model.id).sorted(by: { $0.key < $1.key }) { lines.append("\(key) \(bytes.hashValue)") }
            }
            for snapshot in try await store.snapshots(of: model.id).items {
                lines.append("\(snapshot)")
                let contents = try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.contents() }
                lines += contents.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.hashValue)" }
                for file in try await store.files(ofSnapshot: snapshot.id, of: model.id) { lines.append("\(file.path) \(file.kind) \(file.sizeBytes)") }
            }
            for file in try await store.files(of: model.id) {
                lines.append("\(file.path) \(file.kind) \(file.permissions) \(file.sizeBytes) \(file.target ?? "")")
                if file.kind == .file { lines.append("\(try await store.fileBytes(at: file.path, of: model.id).hashValue)") }
            }
        }
        return lines
    }

    private func expectSame(_ source: StateStore, _ destination: StateStore, _ comment: Comment? = nil) async throws {
        let (ours, theirs) = (try await description(of: source), try await description(of: destination))
        #expect(ours == theirs, comment)
        let report = try await destination.verify()
        #expect(report.isSound, "\(report.damages)")
    }

    @Test func aCopyIsTheSameAndASecondOneCopiesNothing() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s", .readOnly) { source async throws in
                try await withStore(at: folder + "/d", options: FaultSample.options()) { destination async throws in
                    let report = try await source.copy(to: destination)
                    #expect(report.newModels.count == 2 && report.copiedStates == 5 && report.copiedSnapshots == 1 && report.copiedFileTrees == 1)
                    #expect(report.failures == [] && report.remarks == [])
                    try await expectSame(source, destination)
                    try await expectNothingLeft(in: destination)
                    // Differences are found again: four versions do not take four times one.
                    #expect(report.newPackBytes < 2 * 240_000 + 100_000, "\(report)")
                    let packs = try StoreFolder(destination).packs()
                    let second = try await source.copy(to: destination)
                    #expect(second.copiedStates == 0 && second.presentStates == 5 && second.presentSnapshots == 1 && second.newModels == [])
                    #expect(second.logicalBytes == 0 && second.newPackBytes == 0 && second.copiedFileTrees == 0)
                    #expect(try StoreFolder(destination).packs() == packs)
                    try await expectSame(source, destination)
                }
                // The catalog can be rebuilt from the copied packs too.
                for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder + "/d/catalog.sqlite" + ending) }
                let repaired = try await StateStore.repair(at: folder + "/d")
                #expect(repaired.losses == [])
                try await withStore(at: folder + "/d") { destination async throws in
                    #expect(try await destination.states(of: model).total == source.states(of: model).total)
                }
            }
        }
    }

    @Test func bytesThatTheDestinationHasAreNotReadAgain() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            let disk = FaultDisk()
            try await withStore(at: folder + "/s", options: FaultSample.options(disk)) { source async throws in
                try await withStore(at: folder + "/d", options: FaultSample.options()) { destination async throws in
                    _ = try await source.copy(to: destination)
                    // Two more names for bytes that are there, under new ids.
                    let states = try await source.states(of: model).items
                    for state in states where state.name != "initial" {
                        let bytes = try await source.bytes(of: "w", in: state.id, of: model)
                        try await source.commit([("again", bytes)], to: model, named: "again", options: StateOptions(base: state.id))
                    }
                    disk.record()
                    let report = try await source.copy(to: destination)
                    let reads = disk.log.filter { operation in
                        if case .read = operation.action { operation.path.hasSuffix(".pack") } else { false }
                    }
                    #expect(report.copiedStates == 3 && report.readBytes == 0 && report.logicalBytes > 700_000 && report.newPackBytes == 0)
                    #expect(reads.isEmpty, "\(reads)")
                    try await expectSame(source, destination)
                    // And what is new is read, and kept as a difference.
                    let last = try #require(states.last)
                    let next = SeededBytes.trained(try await source.bytes(of: "w", in: last.id, of: model), seed: 50)
                    try await source.commit([("w", next)], to: model, named: "next", options: StateOptions(base: last.id, makeActive: true))
                    let third = try await source.copy(to: destination)
                    #expect(third.copiedStates == 1 && third.readBytes == Int64(next.count))
                    #expect(third.newPackBytes < Int64(next.count) * 6 / 10, "\(third)")
                    try await expectSame(source, destination)
                }
            }
        }
    }

    @Test func onlyTheStatesThatWereAskedForAreCopied() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s") { source async throws in
                try await withStore(at: folder + "/d") { destination async throws in
                    let states = try await source.states(of: model).items
                    let wanted = try #require(states.first { $0.name == "v3" })
                    let report = try await source.copy([model], states: [wanted.id], to: destination)
                    #expect(report.copiedStates == 1 && report.copiedSnapshots == 0 && report.newModels == [model])
                    let copied = try await destination.states(of: model).items
                    #expect(copied.map(\.id) == [wanted.id] && copied[0].isActive)
                    #expect(try await destination.contents(of: wanted.id, of: model) == source.contents(of: wanted.id, of: model))
                    await expectRefusal(.stateNotFound) { _ = try await source.copy([model], states: [StateID.random()], to: destination) }
                    await expectRefusal(.invalidParameter, field: "states") { _ = try await source.copy(states: [wanted.id], to: destination) }
                    await expectRefusal(.invalidParameter, field: "destination") { _ = try await source.copy(to: source) }
                    await expectRefusal(.modelNotFound) { _ = try await source.copy([ModelID.random()], to: destination) }
                    _ = try await source.copy(to: destination)
                    let all = try await destination.states(of: model).items
                    #expect(Set(all.map(\.id)) == Set(states.map(\.id)))
                    #expect(all.first { $0.isActive }?.id == states.first { $0.isActive }?.id)
                }
            }
        }
    }

    /// Cut by content alone, the destination's chunks would be others.
    @Test func aValueIsCutAsItIsInTheSource() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s", options: FaultSample.options()) { source async throws in
                try await withStore(at: folder + "/d", options: FaultSample.options()) { destination async throws in
                    let base = try await source.commit([("x", SeededBytes.random(300_000, seed: 1))], to: model)
                    // Other bytes, but the cuts of its base.
                    let bytes = SeededBytes.random(300_000, seed: 2)
                    let first = try await source.commit([("x", bytes)], to: model, options: StateOptions(base: base.id))
                    _ = try await source.copy([model], states: [first.id], to: destination)
                    let again = try await source.commit([("x", bytes), ("n", [1])], to: model, options: StateOptions(base: first.id))
                    let report = try await source.copy([model], states: [again.id], to: destination)
                    #expect(report.copiedStates == 1 && report.readBytes == 0, "\(report)")
                }
            }
        }
    }

    @Test func whatOnlyTheDestinationHasStaysAndANameThatIsTakenIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s") { source async throws in
                try await withStore(at: folder + "/d") { destination async throws in
                    _ = try await source.copy([model], to: destination)
                    let own = try await destination.commit([("k", [1])], to: model, named: "own", options: StateOptions(makeActive: true))
                    try await source.updateModel(model, ModelChange(name: "renamed", tags: [Tag("new", "tag")]))
                    try await source.changeFiles(of: model) { try $0.remove("main.py") }
                    let report = try await source.copy([model], to: destination)
                    #expect(report.copiedFileTrees == 1 && report.copiedStates == 0)
                    let copied = try await destination.model(model)
                    #expect(copied.name == "renamed" && copied.tags == [Tag("new", "tag")])
                    #expect(try await copied.activeStateID == source.model(model).activeStateID)
                    #expect(try await destination.contents(of: own.id, of: model) == ["k": [1]])
                    #expect(try await !destination.files(of: model).contains { $0.path == "main.py" })
                    _ = try await destination.createModel(named: "based")
                    await expectRefusal(.nameAlreadyUsed) { _ = try await source.copy(to: destination) }
                    try await expectNothingLeft(in: destination)
                }
            }
        }
    }

    @Test func aMountedStateIsCopiedAndOneThatIsBeingDeletedIsNot() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s") { source async throws in
                let state = try #require(try await source.states(of: model).items.first { $0.name == "v3" })
                let request = MountRequest(modelID: model, selection: .state(state.id))
                try await source.withMounts([request]) { _ in
                    try await withStore(at: folder + "/d") { destination async throws in
                        let report = try await source.copy([model], to: destination)
                        #expect(report.copiedStates == 4)
                        #expect(try await destination.contents(of: state.id, of: model) == source.contents(of: state.id, of: model))
                    }
                    try await source.deleteState(state.id, of: model)
                    try await withStore(at: folder + "/e") { destination async throws in
                        let report = try await source.copy([model], to: destination)
                        #expect(report.copiedStates == 3)
                        await expectRefusal(.stateNotFound) { _ = try await destination.state(state.id, of: model) }
                    }
                }
            }
        }
    }

    @Test func whatIsDamagedIsNamedAndTheRestIsCopied() async throws {
        try await withTemporaryFolder { folder in
            let model = try await makeSource(folder + "/s")
            let damaged = try await withStore(at: folder + "/s") { source async throws in
                try await source.commit([("r", SeededBytes.random(300_000, seed: 70))], to: model, named: "damaged").id
            }
            let largest = try StoreFolder(folder + "/s").packs().max {
                try FileBytes.read(folder + "/s/packs/" + $0).count < FileBytes.read(folder + "/s/packs/" + $1).count
            }!
            try StoreFolder(folder + "/s").change("packs/" + largest) { $0[5000] ^= 1 }
            try await withStore(at: folder + "/s") { source async throws in
                try await withStore(at: folder + "/d") { destination async throws in
                    let report = try await source.copy(to: destination)
                    #expect(report.failures.map(\.stateID) == [damaged], "\(report)")
                    #expect(report.failures[0].message.contains("`r`") && report.copiedStates == 5)
                    try await expectNothingLeft(in: destination)
                    let verified = try await destination.verify()
                    #expect(verified.isSound)
                }
            }
        }
    }

    @Test func aCancelledCopyLeavesWholeStatesAndIsCarriedOn() async throws {
        try await withTemporaryFolder { folder in
            _ = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s") { source async throws in
                try await withStore(at: folder + "/d", options: FaultSample.options()) { destination async throws in
                    await expectRefusal(.cancelled) {
                        _ = try await Task {
                            try await source.copy(to: destination) { progress in
                                if progress.items == 3 { withUnsafeCurrentTask { $0?.cancel() } }
                            }
                        }.value
                    }
                    try await expectNothingLeft(in: destination)
                    #expect(try await destination.models().total == 1)
                    let report = try await source.copy(to: destination)
                    #expect(report.presentStates == 3 && report.copiedStates == 2)
                    try await expectSame(source, destination)
                }
            }
        }
    }

    @Test func aCopyThatFailsAnywhereIsCarriedOn() async throws {
        var generator = SeededGenerator.announced("faults in a copy")
        try await withTemporaryFolder { folder in
            _ = try await makeSource(folder + "/s")
            try await withStore(at: folder + "/s", .readOnly) { source async throws in
                func attempt(_ path: String, _ disk: FaultDisk, arm: (FaultDisk) -> Void) async throws -> (any Error)? {
                    let destination = try await StateStore.open(at: path, options: FaultSample.options(disk))
                    disk.record()
                    arm(disk)
                    var failure: (any Error)?
                    do {
                        _ = try await source.copy(to: destination)
                    } catch {
                        failure = error
                    }
                    disk.die()
                    try? await destination.close()
                    return failure
                }
                let whole = FaultDisk()
                #expect(try await attempt(folder + "/whole", whole) { _ in } == nil)
                let count = whole.logCount
                for number in BackupFaultTests.numbers(count, using: &generator) {
                    let path = folder + "/f\(number)"
                    let errno = [EIO, ENOSPC, EMFILE].randomElement(using: &generator)!
                    let duration = Fault.Duration.allCases.randomElement(using: &generator)!
                    let error = try await attempt(path, FaultDisk()) { $0.arm(Fault(operation: number, duration, .error(errno))) }
                    try FileManager.default.copyItem(atPath: path, toPath: path + "left")
                    let comment: Comment = "operation \(number) of \(count), errno \(errno), \(duration): \(error.map { "\($0)" } ?? "no error")"
                    try await withStore(at: path + "left", options: FaultSample.options()) { destination async throws in
                        let verified = try await destination.verify()
                        #expect(verified.isSound, "\(comment): \(verified.damages)")
                        try await expectNothingLeft(in: destination)
                        _ = try await source.copy(to: destination)
                        try await expectSame(source, destination, comment)
                    }
                    for place in [path, path + "left"] { try? FileManager.default.removeItem(atPath: place) }
                }
            }
        }
    }
}
