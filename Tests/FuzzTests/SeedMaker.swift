import ContentStore
import Foundation
import FuzzTargets
import StrataTesting
import Testing

/// Makes the inputs that fuzzing begins with: `STRATA_WRITE_CORPUS=1 swift test --filter SeedMaker`. They are named `seed-…`;
/// what fuzzing has found stays as it is.
@Suite struct SeedMaker {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["STRATA_WRITE_CORPUS"] != nil))
    func theSeedsAreWritten() async throws {
        let seeds: [FuzzTarget: [[UInt8]]] = [
            .chunk: Seeds.chunks, .roundtrip: Seeds.raw, .pack: try await Seeds.packs(), .packIndex: try await Seeds.packIndexes(),
            .packSalvage: try await Seeds.packBodies(), .chunkList: Seeds.chunkLists, .commitRecord: Seeds.commitRecords,
            .tensor: Seeds.tensors, .frames: Seeds.frames, .runtime: Seeds.runtime, .messages: Seeds.messages, .catalog: Seeds.catalogChanges,
            .storeFiles: Seeds.storeFiles,
        ]
        for target in FuzzTarget.allCases {
            let folder = Corpus.folder + "/" + target.rawValue
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (number, bytes) in try #require(seeds[target], "\(target.rawValue) has no seeds").enumerated() {
                try #require(bytes.count <= target.inputBytesMax, "seed \(number) of \(target.rawValue) has \(bytes.count) bytes")
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/seed-\(number)"))
            }
        }
    }
}

/// Inputs of each target, from real data.
enum Seeds {
    private static func little(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

    // MARK: chunks

    private static var encodings: [ChunkEncoding] {
        var all: [ChunkEncoding] = [.lz4]
        for width in [1, 2, 4, 8] {
            all.append(.planes(elementBytes: width, phase: width / 2, ranksExponents: false))
            all.append(.planes(elementBytes: width, phase: 0, ranksExponents: true))
            all.append(.difference(elementBytes: width, phase: width / 2))
            if width > 1 {
                all.append(.difference(elementBytes: width, phase: 0, isOrdered: true))
                all.append(.planes(elementBytes: width, phase: 0, ranksExponents: true, wholeBytes: width - 1))
                all.append(.difference(elementBytes: width, phase: 1, isOrdered: true, wholeBytes: 1))
            }
        }
        return all
    }

    static var chunks: [[UInt8]] {
        let size = 1024
        var found = [little(UInt32(0)) + little(UInt16(9)) + Array("ten bytes!".utf8)]
        for encoding in encodings {
            let base = ChunkTargets.base(of: encoding, count: size)
            var raw = base ?? SeededBytes.weights(size / 4, seed: 1)
            if base == nil { raw[..<256] = SeededBytes.text(256, seed: 2)[...] }
            for place in stride(from: 0, to: size, by: 8) { raw[place] &+= 1 }
            let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
            defer { target.deallocate() }
            let count = raw.withUnsafeBytes { raw in
                guard let base else { return EncodeScratch().encode(raw, against: nil, by: encoding, into: target) }
                return base.withUnsafeBytes { EncodeScratch().encode(raw, against: $0, by: encoding, into: target) }
            }
            guard let count else { continue }
            found.append(little(encoding.packed) + little(UInt16(size - 1)) + Array(target[..<count]))
        }
        return found
    }

    static var raw: [[UInt8]] {
        [
            [0] + SeededBytes.weights(500, seed: 1), [1] + SeededBytes.weights(500, seed: 2), [9] + SeededBytes.weights(301, seed: 3),
            [0] + SeededBytes.text(1500, seed: 4), [0] + SeededBytes.random(700, seed: 5), [3, 1, 2, 3], [0] + [UInt8](repeating: 0, count: 900),
        ]
    }

    static var chunkLists: [[UInt8]] {
        let runs: [[ChunkListEntry]] = [
            (1...5).map { ChunkListEntry(id: ChunkID($0), rawBytes: 262_144) },
            [ChunkListEntry(id: ChunkID(900), rawBytes: 1), ChunkListEntry(id: ChunkID(3), rawBytes: 16 << 20)],
            [ChunkListEntry(id: ChunkID(.max), rawBytes: 7), ChunkListEntry(id: ChunkID(.min), rawBytes: 7)], [],
        ]
        return runs.map { entries in
            little(Int64(4096)) + little(UInt16(entries.count)) + ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: entries).encoded()
        }
    }

    // MARK: packs

    /// Packs as a store writes them, small ones.
    private static func sealedPacks() async throws -> [[UInt8]] {
        try await withTemporaryFolder { folder in
            for name in ["packs", "staging"] { try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true) }
            return try (0..<2).map { number in
                var pack = try RescuePack(stagingPath: folder + "/staging/\(number)", packsFolder: folder + "/packs", disk: LocalDisk())
                let raw = SeededBytes.weights(300, seed: 1)
                try pack.append(raw: raw)
                try pack.append(raw: SeededBytes.text(400, seed: 2))
                try pack.append(raw: SeededBytes.random(100, seed: 3))
                let payload = SeededBytes.random(64, seed: 4)
                if number == 1 {
                    try pack.append(
                        PackedChunk(
                            digest: Digest(of: payload), offset: 0, storedBytes: payload.count, rawBytes: raw.count,
                            encoding: .difference(elementBytes: 4, phase: 0, isOrdered: true), checksum: PackForge.checksum(payload), base: Digest(of: raw)),
                        payload: payload)
                }
                let values = [IngestedValue(inline: [1, 2, 3]), value(of: [raw])]
                let sealed = try pack.seal(commitRecords: [CommitRecord(metadata: Array(metadata(number).utf8), values: values)])
                return Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/packs/" + sealed.name.relativePath)))
            }
        }
    }

    private static func value(of chunks: [[UInt8]]) -> IngestedValue {
        let pieces = chunks.map { ValuePiece(digest: Digest(of: $0), rawBytes: $0.count, known: nil) }
        let size = Int64(chunks.joined().count)
        let digest = IngestedValue.digest(ofPieces: pieces.map { ($0.digest, $0.rawBytes) }, sizeBytes: size)
        return IngestedValue(digest: digest, sizeBytes: size, content: .pieces(pieces))
    }

    static func packs() async throws -> [[UInt8]] { try await sealedPacks().flatMap { [$0, Array($0.prefix($0.count / 2)), Array($0.dropLast(128))] } }

    static func packBodies() async throws -> [[UInt8]] { try await sealedPacks().flatMap { [Array($0.dropFirst(64)), Array($0.dropFirst(64).dropLast(140)), Array($0.dropFirst(300))] } }

    static func packIndexes() async throws -> [[UInt8]] {
        let packs = try await sealedPacks()
        return packs.flatMap { pack -> [[UInt8]] in
            let footer = Array(pack.suffix(128))
            func number(_ place: Int) -> Int { footer[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) } }
            var directory = Array(pack[number(16)..<number(16) + number(24)])
            // The body around this directory is shorter: offsets that lie in it.
            for entry in 0..<number(32) { directory.replaceSubrange(entry * 64 + 32..<entry * 64 + 40, with: little(Int64(64 + 4 * entry))) }
            let counts = [number(32), number(36), number(40)].flatMap { little(UInt16($0)) }
            let records = directory.dropFirst(64 * number(32) + 32 * number(36))
            return [counts + directory, little(UInt16(0)) + little(UInt16(0)) + little(UInt16(1)) + records]
        }
    }

    private static func metadata(_ number: Int) -> String {
        """
        {"type":"state","modelID":"00000000-0000-4000-8000-00000000000\(number)","modelName":"m","stateID":"00000000-0000-4000-8000-0000000000a\(number)",\
        "name":"v","createdAt":1700000000000,"keys":["a","b"],"isActive":true}
        """
    }

    static var commitRecords: [[UInt8]] {
        func record(_ text: String, _ values: [IngestedValue]) -> [UInt8] {
            var bytes = Array(text.utf8) + [0] + little(UInt32(values.count))
            for value in values {
                bytes += value.digest.bytes + little(value.sizeBytes)
                switch value.content {
                case .inline(let inline): bytes += little(UInt32(0)) + little(UInt32(inline.count)) + inline
                case .pieces(let pieces):
                    bytes += little(UInt32(pieces.count))
                    for piece in pieces { bytes += piece.digest.bytes + little(UInt32(piece.rawBytes)) }
                }
            }
            return bytes
        }
        let values = [IngestedValue(inline: [1, 2, 3]), value(of: [[4, 5], [6]])]
        return [
            record(metadata(1), values), record(metadata(2).replacing("1700000000000", with: "9223372036854775807"), values),
            record(metadata(3).replacing(#""name":"v","#, with: #""name":"","owner":"","lineage":"{","mounts":"[1]","#), values), record("{}", []),
        ]
    }
}
