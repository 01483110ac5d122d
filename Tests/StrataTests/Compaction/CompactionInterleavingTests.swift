import Catalog
import ContentStore
import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Readers, writers and deletions at the very moments at which compaction could go wrong.
@Suite struct CompactionInterleavingTests {
    /// The chunks are in the new pack, which is not durable yet; nothing has moved.
    private func whileCopied(
        _ body: (_ store: StateStore, _ other: StateStore, _ sample: CompactionSample) async throws -> Void,
        after: (_ store: StateStore, CompactionReport) async throws -> Void = { _, _ in }
    ) async throws {
        let disk = HookedDisk()
        try await withCompactionSample(disk: disk) { store, sample in
            try await withStore(at: store.path, options: CompactionSample.options) { other in
                let pause = DiskPause()
                disk.set { $0.beforeSync = { if $0.hasSuffix(".pack") { pause.stop() } } }
                let compaction = Task { try await store.compact() }
                try await pause.whileStopped { try await body(store, other, sample) }
                let report = try await compaction.value
                try await after(store, report)
            }
        }
    }

    /// Readers have looked up every place before the move, and read after it: the old files must still be there.
    @Test(arguments: [false, true])
    func aReaderThatLookedUpPlacesBeforeTheMoveReadsOn(isReadOnly: Bool) async throws {
        try await withCompactionSample { store, sample in
            let before = try StoreFolder(store).packs()
            try await withStore(at: store.path, isReadOnly ? .readOnly : .readWrite, options: CompactionSample.options) { other in
                try await other.withState(of: sample.model) { _ in
                    let places = try await other.catalog.locate((1...200).map { ChunkID($0) })
                    let report = try await store.compact()
                    #expect(report.removed.packCount == 0, "the reader began before")
                    #expect(report.sessions.count == 1 && report.figures.packCount > 0)
                    #expect(Set(try StoreFolder(store).packs()).isSuperset(of: before))
                    let moved = try await other.catalog.locate(Array(places.keys))
                    #expect(moved.count == places.count && places.count > 10 && moved.allSatisfy { $1 != places[$0] || $1.base == nil })
                    for place in places.values {
                        let base = place.base.flatMap { places[$0] }
                        let bytes = try await blocking { try other.reader.bytes(of: place, base: base) }
                        #expect(bytes.count == place.rawBytes)
                    }
                }
            }
            let rest = try await store.compact()
            #expect(rest.removed.packCount > 0)
            try await sample.expectWhole(in: store)
        }
    }

    /// A writer matched chunks at their old places, and commits after they have moved.
    @Test func aWriterThatMatchesChunksWhileTheyMoveCommits() async throws {
        try await withCompactionSample { store, sample in
            var sample = sample
            let known = Array(sample.contents.values).compactMap { $0["kept"] }[0]
            let state = try await withStore(at: store.path, options: CompactionSample.options) { writer in
                try await writer.commitState(of: sample.model, named: "new") { state in
                    try await state.write("again", known)
                    let report = try await store.compact()
                    #expect(report.figures.copiedCount > 0)
                }
            }
            sample.contents[state.id] = ["again": known]
            _ = try await store.compact()
            try await sample.expectWhole(in: store)
        }
    }

    /// A writer takes differences from a base that compaction lets go meanwhile: the commit takes it back.
    @Test func aBaseThatIsReleasedWhileAWriterEncodesAgainstItSurvives() async throws {
        try await withCompactionSample { store, sample in
            var sample = sample
            let second = try #require(sample.contents.first { $0.value["w"] != nil })
            let trained = SeededBytes.trained(second.value["w"]!, seed: 77)
            let state = try await withStore(at: store.path, options: CompactionSample.options) { writer in
                try await writer.commitState(of: sample.model, named: "third", options: StateOptions(base: second.key)) { state in
                    try await state.write("w", trained)
                    let report = try await store.compact()
                    #expect(report.figures.releasedCount > 0)
                    for _ in 0..<2 { _ = try await store.collect() }
                }
            }
            sample.contents[state.id] = ["w": trained]
            #expect(try await store.statistics().codecs.contains { $0.name == "difference" })
            for _ in 0..<2 { _ = try await store.compact() }
            try await sample.expectWhole(in: store)
        }
    }

    /// A further difference is committed after the family was counted: the base stays, and so does the first difference.
    @Test func aDifferenceThatComesInBetweenKeepsTheBase() async throws {
        try await whileCopied { _, other, sample in
            let second = try #require(sample.contents.first { $0.value["w"] != nil })
            let trained = SeededBytes.trained(second.value["w"]!, seed: 78)
            let third = try await other.commit([("w", trained)], to: sample.model, options: StateOptions(base: second.key))
            let read = try await other.bytes(of: "w", in: third.id, of: sample.model)
            #expect(read == trained)
        } after: { store, _ in
            let statistics = try await store.statistics()
            #expect(statistics.codecs.contains { $0.name == "difference" })
            let report = try await store.verify()
            #expect(report.isSound, "\(report.damages)")
            try await expectNothingLeft(in: store)
        }
    }

    /// States are deleted and collected between the copying and the move.
    @Test func whatIsDeletedAndCollectedBeforeTheMoveIsNotBroughtBack() async throws {
        try await whileCopied { _, other, sample in
            for state in sample.contents.keys { try await other.deleteState(state, of: sample.model) }
            _ = try await other.collect()
        } after: { store, _ in
            _ = try await store.collect()
            #expect(try StoreFolder(store).packs() == [])
            try await expectNothingLeft(in: store)
        }
    }

    /// A chunk is found damaged after it was copied: its mark stays.
    @Test func aChunkThatIsMarkedMeanwhileKeepsItsMark() async throws {
        try await whileCopied { _, other, _ in
            let ids = (1...200).map { ChunkID($0) }
            let found = try await other.catalog.locate(ids).values.filter { $0.base == nil && $0.encoding == .raw }
            try await other.catalog.markDamaged(found.map(\.id))
        } after: { store, report in
            #expect(try await store.catalog.damagedChunks().count > 0)
            _ = try await store.verify()
            #expect(try await store.catalog.damagedChunks() == [], "they are sound, and a full verification says so")
        }
    }

    @Test func aCancelledCompactionLeavesNothingHalfDone() async throws {
        let disk = HookedDisk()
        try await withCompactionSample(disk: disk) { store, sample in
            let before = try StoreFolder(store).packs()
            let pause = DiskPause()
            disk.set { $0.beforeSync = { if $0.hasSuffix(".pack") { pause.stop() } } }
            let compaction = Task { try await store.compact() }
            try await pause.whileStopped { compaction.cancel() }
            await expectRefusal(.cancelled) { _ = try await compaction.value }
            #expect(try StoreFolder(store).packs() == before)
            try await sample.expectWhole(in: store)
            disk.set { $0 = HookedDisk.Hooks() }
            let report = try await store.compact()
            #expect(report.figures.packCount > 0)
            try await sample.expectWhole(in: store)
        }
    }

    /// Cut off between two steps: what has moved stays moved, the rest is where it was.
    @Test func aCompactionThatDiesBetweenTwoStepsIsWhole() async throws {
        try await withCompactionSample { store, sample in
            let packs = try await store.catalog.compactablePacks(after: 0, upTo: .max, limit: 100).filter { $0.deadBytes > 0 }
            let pack = try #require(packs.first)
            let rows = try await store.catalog.livingChunks(inPack: pack.id, after: nil, limit: 1000)
            #expect(rows.count > 2)
            let staging = try store.writing()
            let source = try SourcePack(pack.name, packsFolder: store.layout.packs, disk: store.options.disk)
            let target = try CompactedPack(staging: staging, packsFolder: store.layout.packs)
            var moves: [ChunkMove] = []
            for row in rows {
                let chunk = try #require(source.chunk(at: row.location))
                try target.append(chunk, payload: try source.payload(of: chunk))
                moves.append(.init(id: row.location.id, pack: pack.id, offset: chunk.offset, released: nil))
            }
            let sealed = try target.seal(commitRecords: [])
            let step = try await store.catalog.move(moves, into: sealed, from: 0, states: [], step: .init(rowsMax: 2, duration: .seconds(9)))
            #expect(step.seen == 2 && step.moved == 2)
            target.committed()
            try await sample.expectWhole(in: store)
            let structure = try await store.catalog.structuralProblems()
            #expect(structure == [])
            // The next one takes both.
            _ = try await store.compact()
            try await sample.expectWhole(in: store)
            #expect(try await store.statistics().packWaste.deadBytes == 0)
        }
    }
}
