@testable import ContentStore

/// A content store in a temporary folder, with an index in memory for a catalog.
final class TestStore: Sendable {
    let folder: TemporaryFolder
    let packs: String
    let stagingFolder: String
    let disk: any StoreDisk
    let index: MemoryIndex
    let reader: ChunkReader

    init(disk: any StoreDisk = LocalDisk(), index: MemoryIndex = MemoryIndex()) throws {
        folder = try TemporaryFolder()
        packs = try folder.makeFolder("packs")
        stagingFolder = try folder.makeFolder("staging")
        self.disk = disk
        self.index = index
        reader = ChunkReader(packsFolder: packs, disk: disk, index: index)
    }

    /// A value as the catalog would keep it.
    struct Stored: Sendable {
        let value: IngestedValue
        let segments: [ChunkListSegment]

        var digest: Digest { value.digest }
        var base: BaseValue { BaseValue(entries: segments.flatMap(\.entries)) }
        var pieces: [ValuePiece] {
            if case .pieces(let pieces) = value.content { pieces } else { [] }
        }
    }

    func staging() throws -> StagingSession { try StagingSession(stagingFolder: stagingFolder, disk: disk) }

    func session(_ staging: StagingSession, _ options: IngestOptions = .init(), memory: IngestMemory? = nil) -> IngestSession {
        IngestSession(staging: staging, packsFolder: packs, reader: reader, horizon: 0, options: options, memory: memory)
    }

    /// Takes values in and commits them; abandons all when anything fails.
    func ingest(
        _ values: [[UInt8]], bases: [BaseValue?] = [], options: IngestOptions = .init(),
        feed: (ValueWriter, [UInt8]) async throws -> Void = { try await $0.write($1) }
    ) async throws -> [Stored] {
        let staging = try staging()
        let session = session(staging, options)
        do {
            var finished: [ValueWriter.Finished] = []
            for (number, bytes) in values.enumerated() {
                let writer = session.beginValue(number: number, base: number < bases.count ? bases[number] : nil)
                try await feed(writer, bytes)
                finished.append(try await writer.finish())
            }
            let (packs, ingested) = try await session.finish(values: finished) { [CommitRecord(metadata: [1, 2], values: $0)] }
            let stored = commit(packs, ingested)
            await session.committed()
            try staging.close()
            return stored
        } catch {
            await session.abandon()
            try staging.close()
            throw error
        }
    }

    func commit(_ packs: [SealedPack], _ values: [IngestedValue]) -> [Stored] {
        index.add(packs)
        return values.map { value in
            guard case .pieces(let pieces) = value.content else { return Stored(value: value, segments: []) }
            let entries = pieces.map { ChunkListEntry(id: index.id(of: $0.digest)!, rawBytes: $0.rawBytes) }
            return Stored(value: value, segments: ChunkListSegment.segments(of: entries))
        }
    }

    func read(_ stored: Stored, _ range: Range<Int64>? = nil, through reader: ChunkReader? = nil) async throws -> [UInt8] {
        let range = (range ?? 0..<Int64.max).clamped(to: 0..<stored.value.sizeBytes)
        if case .inline(let bytes) = stored.value.content { return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) }
        var result: [UInt8] = []
        for segment in stored.segments {
            try await (reader ?? self.reader).read(segment, range: range) { result.append(contentsOf: $0) }
        }
        return result
    }

    /// A reader that has nothing open and nothing cached.
    func freshReader() -> ChunkReader { ChunkReader(packsFolder: packs, disk: disk, index: index) }

    var packFiles: [String] { folder.files().filter { $0.hasPrefix("packs/") } }
    var stagingFiles: [String] { folder.files().filter { $0.hasPrefix("staging/") } }
    func path(of pack: PackName) -> String { packs + "/" + pack.relativePath }
}

extension SeededGenerator {
    /// Many random bytes, eight at a time.
    mutating func manyBytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (count + 7) / 8 * 8) { buffer, initialized in
            // A plain loop: these are most of the suite's time when nothing is optimized.
            UnsafeMutableRawPointer(buffer.baseAddress)?.withMemoryRebound(to: UInt64.self, capacity: (count + 7) / 8) { words in
                var index = 0
                while index < (count + 7) / 8 {
                    words[index] = next()
                    index += 1
                }
            }
            initialized = count
        }
    }
}

/// Small chunks, so that small values have many.
let smallChunks = ChunkSizes(minBytes: 512, averageBytes: 1024, maxBytes: 2048)
