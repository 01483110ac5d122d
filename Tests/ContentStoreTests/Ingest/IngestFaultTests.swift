import Testing

@testable import ContentStore

@Suite struct IngestFaultTests {
    private static let weights = SampleWeights.values(30_000, seed: 3)
    private static let options = IngestOptions(
        chunkSizes: ChunkSizes(minBytes: 16 << 10, averageBytes: 32 << 10, maxBytes: 64 << 10), inlineBytesMax: 100,
        packBytesTarget: 100_000)

    /// Two packs (the values are in batches of their own), one of them with differences from a base.
    private static let values: [[UInt8]] = {
        var generator = SeededGenerator(seed: 4)
        return [SampleWeights.float32(SampleWeights.trained(weights, seed: 5)), generator.manyBytes(150_000), generator.bytes(50)]
    }()

    /// One whole life of a session; whatever throws, everything is given up once the disk works again.
    private func attempt(_ store: TestStore, _ disk: FaultyDisk, base: BaseValue) async -> Result<[TestStore.Stored], any Error> {
        var staging: StagingSession?
        var session: IngestSession?
        do {
            let opened = try store.staging()
            staging = opened
            try opened.begin(sequence: 1)
            defer { opened.end(sequence: 1) }
            let ingest = store.session(opened, Self.options)
            session = ingest
            var finished: [ValueWriter.Finished] = []
            for (number, bytes) in Self.values.enumerated() {
                let writer = ingest.beginValue(number: number, base: number == 0 ? base : nil)
                try await writer.write(bytes)
                finished.append(try await writer.finish())
            }
            let (packs, values) = try await ingest.finish(values: finished) { [CommitRecord(metadata: [7], values: $0)] }
            let stored = store.commit(packs, values)
            await ingest.committed()
            disk.heal()
            await ingest.committed()
            try opened.close()
            return .success(stored)
        } catch {
            await session?.abandon()
            disk.heal()
            await session?.abandon()
            try? staging?.close()
            return .failure(error)
        }
    }

    @Test(arguments: FaultyDisk.Mode.allCases)
    func everyFileOperationMayFail(mode: FaultyDisk.Mode) async throws {
        var (failures, successes) = (0, 0)
        for failing in 0... {
            let disk = FaultyDisk()
            let store = try TestStore(disk: disk)
            let base = try await store.ingest([SampleWeights.float32(Self.weights)], options: Self.options)[0]
            let (before, known) = (store.packFiles, store.index.packs)
            disk.fail(after: failing, mode: mode)
            switch await attempt(store, disk, base: base.base) {
            case .success(let stored):
                successes += 1
                for (stored, bytes) in zip(stored, Self.values) {
                    #expect(try await store.read(stored, through: store.freshReader()) == bytes, "operation \(failing)")
                }
                #expect(store.packFiles.count == store.index.packs.count, "operation \(failing)")
            case .failure(let error):
                failures += 1
                #expect((error as? ContentError)?.code == .noSpace, "operation \(failing): \(error)")
                #expect(store.packFiles == before && store.index.packs == known, "operation \(failing)")
            }
            #expect(try await store.read(base, through: store.freshReader()) == SampleWeights.float32(Self.weights))
            // What is left of the staging folder is swept like a dead session's.
            let folder = StagingFolder(path: store.stagingFolder, disk: disk)
            for dead in try folder.deadSessions() {
                #expect(dead.stagedPacks.isEmpty, "operation \(failing)")
                try folder.remove(dead)
            }
            #expect(try disk.list(store.stagingFolder).isEmpty, "operation \(failing)")
            if !disk.hasFired { break }
        }
        #expect(failures > 15 && successes > 0, "\(failures) failures, \(successes) successes")
    }

    @Test func aFailedWritePoisonsTheSession() async throws {
        let disk = FaultyDisk()
        let store = try TestStore(disk: disk)
        let staging = try store.staging()
        let session = store.session(staging, Self.options)
        let first = session.beginValue(number: 0, base: nil)
        disk.fail(after: 0, mode: .transient)
        var generator = SeededGenerator(seed: 1)
        try await first.write(generator.manyBytes(200_000))
        let finished = try await first.finish()
        await #expect(throws: ContentError.self) { try await session.finish(values: [finished]) { _ in [] } }
        // The disk works again, and the session stays as it is.
        let second = session.beginValue(number: 1, base: nil)
        try await second.write(generator.manyBytes(100_000))
        await #expect(throws: ContentError.self) { _ = try await second.finish() }
        await #expect(throws: ContentError.self) { try await session.finish(values: [finished, finished]) { _ in [] } }
        await session.abandon()
        try staging.close()
        #expect(store.folder.files().isEmpty)
    }

    /// The final name goes first; while it cannot, the staging name stays for a sweep to find.
    @Test func aPackThatCannotBeRemovedKeepsItsStagingName() async throws {
        let disk = FaultyDisk()
        let store = try TestStore(disk: disk)
        let packs = try await abandonOnABrokenDisk(store, disk)
        #expect(store.packFiles.count == 1)
        let folder = StagingFolder(path: store.stagingFolder, disk: disk)
        let dead = try folder.deadSessions()
        #expect(dead.count == 1)
        #expect(try dead.first.map { try $0.stagedPacks.map { try PackReader(path: $0, disk: disk).name } } == packs.map(\.name))
        for session in dead { try folder.remove(session) }
        #expect(store.stagingFiles.isEmpty)
    }

    /// The session's lock goes when this returns.
    private func abandonOnABrokenDisk(_ store: TestStore, _ disk: FaultyDisk) async throws -> [SealedPack] {
        let staging = try store.staging()
        let session = store.session(staging, Self.options)
        let writer = session.beginValue(number: 0, base: nil)
        var generator = SeededGenerator(seed: 2)
        try await writer.write(generator.manyBytes(90_000))
        let (packs, _) = try await session.finish(values: [try await writer.finish()]) { _ in [] }
        disk.fail(after: 0, mode: .persistent)
        await session.abandon()
        disk.heal()
        try staging.close()
        return packs
    }

    @Test func abandoningAfterTheCommitRemovesNothing() async throws {
        let store = try TestStore()
        let staging = try store.staging()
        let session = store.session(staging, Self.options)
        let writer = session.beginValue(number: 0, base: nil)
        var generator = SeededGenerator(seed: 6)
        let bytes = generator.manyBytes(90_000)
        try await writer.write(bytes)
        let (packs, values) = try await session.finish(values: [try await writer.finish()]) { _ in [] }
        let stored = store.commit(packs, values)
        await session.committed()
        await session.abandon()
        try staging.close()
        #expect(try await store.read(stored[0]) == bytes)
        #expect(store.stagingFiles.isEmpty)
    }

    @Test func whatTheReaderThrowsPassesThroughAndPoisons() async throws {
        let store = try TestStore()
        let staging = try store.staging()
        let session = store.session(staging, Self.options)
        let writer = session.beginValue(number: 0, base: nil)
        let failure = ContentError(.io, "the source broke")
        await #expect {
            try await writer.write { buffer throws(ContentError) in
                buffer[0] = 1
                throw failure
            }
        } throws: { ($0 as? ContentError)?.message == failure.message }
        let finished = try await writer.finish()
        await #expect(throws: ContentError.self) { try await session.finish(values: [finished]) { _ in [] } }
        await session.abandon()
        try staging.close()
        #expect(store.folder.files().isEmpty)
    }
}
