import Testing

@testable import ContentStore

/// Whatever the bytes of a pack are, reading its index throws a `ContentError` or gives entries within the file.
@Suite struct PackDamageTests {
    private let folder: TemporaryFolder
    private let path: String
    private let bytes: [UInt8]
    private let directoryOffset: Int

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/p"
        let builder = PackBuilder(seed: 1)
        _ = try builder.write(to: path)
        bytes = try FileBytes.read(path)
        directoryOffset = 64 + builder.records.count
    }

    /// The code of what reading `bytes` throws; nil when it throws nothing.
    private func read(_ bytes: [UInt8]) throws -> ContentError.Code? {
        try FileBytes.write(bytes, to: path)
        do throws(ContentError) {
            let pack = try PackReader(path: path)
            for chunk in pack.chunks {
                #expect(chunk.offset >= 64 && chunk.offset + Int64(chunk.storedBytes) <= Int64(bytes.count))
                #expect((1...(16 << 20)).contains(chunk.rawBytes) && (1...chunk.rawBytes).contains(chunk.storedBytes))
            }
            return nil
        } catch {
            return error.code
        }
    }

    @Test func everyFlippedByteOfHeaderDirectoryAndFooterIsFound() throws {
        var generator = SeededGenerator(seed: 2)
        for index in Array(0..<64) + Array(directoryOffset..<bytes.count) {
            var damaged = bytes
            let flip = UInt8.random(in: 1...255, using: &generator)
            damaged[index] ^= flip
            let code = try read(damaged)
            #expect(code == .corrupted || code == .unsupportedVersion, "byte \(index) flipped by \(flip)")
        }
    }

    @Test func everyTruncationIsFound() throws {
        for length in Array(0..<200) + Array(max(200, directoryOffset - 90)..<bytes.count) {
            #expect(try read(Array(bytes[..<length])) == .corrupted, "cut to \(length) of \(bytes.count) bytes")
        }
        for added in [1, 63, 64, 128] {
            #expect(try read(bytes + [UInt8](repeating: 0, count: added)) == .corrupted, "\(added) bytes more")
        }
    }

    private func withChecksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let body = Array(bytes.dropLast(4))
        return body + withUnsafeBytes(of: PackFormat.checksum(body).littleEndian) { Array($0) }
    }

    @Test func aNewerVersionIsNamedAsSuch() throws {
        for version in [UInt8(2), 200] {
            var header = bytes[..<64]
            header[8] = version
            #expect(try read(withChecksum(header) + bytes[64...]) == .unsupportedVersion)
            var footer = bytes[(bytes.count - 128)...]
            footer[footer.startIndex + 8] = version
            #expect(try read(bytes[..<(bytes.count - 128)] + withChecksum(footer)) == .unsupportedVersion)
        }
        var header = bytes[..<64]
        header[8] = 0
        #expect(try read(withChecksum(header) + bytes[64...]) == .corrupted)
    }

    @Test func forgedFootersNeverTrap() throws {
        for seed in UInt64(0)..<400 {
            var generator = SeededGenerator(seed: seed)
            let wild: [Int64] = [-1, 0, 1, 63, 64, 464, 1 << 30, 1 << 40, .max, .min, .max - 127]
            func wildCount() -> UInt32 { [0, 1, 2, 1000, .max].randomElement(using: &generator)! }
            let directory = generator.bytes(Int.random(in: 0...400, using: &generator))
            let forged = PackBuilder.forged(directory: directory) { footer in
                if Bool.random(using: &generator) { footer.directoryOffset = wild.randomElement(using: &generator)! }
                if Bool.random(using: &generator) { footer.directoryBytes = wild.randomElement(using: &generator)! }
                (footer.chunkCount, footer.baseCount, footer.commitRecordCount) = (wildCount(), wildCount(), wildCount())
            }
            _ = try read(forged)
        }
    }

    /// Right checksums around a directory with a few wrong fields: only the checks of each field are left.
    @Test func forgedDirectoriesNeverTrap() throws {
        let directory = Array(bytes[directoryOffset..<bytes.count - 128])
        var refused = 0
        for seed in UInt64(0)..<1500 {
            var generator = SeededGenerator(seed: seed)
            var damaged = directory
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = [0, 1, 4, 0x7f, 0x80, 0xff].randomElement(using: &generator)!
            }
            if seed % 5 == 0 { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &generator)) }
            let forged = PackBuilder.forged(directory: damaged, body: directoryOffset - 64) { footer in
                (footer.chunkCount, footer.baseCount, footer.commitRecordCount) = (5, 1, 2)
            }
            if try read(forged) != nil { refused += 1 }
        }
        #expect(refused > 500)
    }

    @Test func aDifferenceWithoutABaseIsRefused() throws {
        let entries = PackBuilder(seed: 1).chunks.map { $0.with(base: nil).moved(to: $0.offset + 64) }
        for chunk in entries {
            let (directory, _) = PackDirectory(chunks: [chunk], commitRecords: []).encoded()
            let code = try read(PackBuilder.forged(directory: directory, body: 2000) { $0.chunkCount = 1 })
            #expect(code == (chunk.encoding.codec == .difference ? .corrupted : nil))
        }
    }

    @Test func aMissingPackIsNotFound() {
        #expect { try PackReader(path: folder.path + "/none") } throws: { ($0 as? ContentError)?.code == .notFound }
    }
}
