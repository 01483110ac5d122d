import Testing

@testable import ContentStore

/// Holds FORMAT.md against what the code writes: a drift of either fails here.
@Suite struct FormatDocumentTests {
    private let document: FormatDocument

    init() throws { document = try FormatDocument() }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    /// Every field of the table stands in `bytes` where the table says, with the value that `fields` gives it; the rows
    /// have no gaps, and end where the heading says.
    private func check(_ title: String, _ bytes: [UInt8], _ fields: [String: [UInt8]], reserved: Int = 0) throws {
        var end = 0
        var reservedCount = 0
        let rows = try document.table(title)
        for row in rows {
            let (offset, size, name) = (try #require(row.offset), try #require(row.size), row["field"])
            #expect(offset == end, "\(title): `\(name)` leaves a gap")
            end = offset + size
            try #require(end <= bytes.count, "\(title): `\(name)` ends behind the structure")
            let found = Array(bytes[offset..<end])
            if name == "reserved" {
                reservedCount += 1
                #expect(found.allSatisfy { $0 == 0 }, "\(title): reserved bytes at \(offset)")
                continue
            }
            let expected = try #require(fields[name], "\(title): the code knows no field `\(name)`")
            #expect(found == expected, "\(title): `\(name)` is not at \(offset)")
            let width = ["u8": 1, "u32": 4, "u64": 8, "i64": 8][row["type"]]
            #expect(width == nil || width == size, "\(title): `\(name)` is of type \(row["type"]) and size \(size)")
            if name == "magic" { #expect(row.literal.map { Array($0.utf8) } == found, "\(title): the magic bytes") }
            if ["version", "header size", "footer size"].contains(name) {
                #expect(little(UInt32(row["meaning"]) ?? 0) == found, "\(title): the value of `\(name)`")
            }
        }
        #expect(end == bytes.count, "\(title): the table ends at \(end), the structure at \(bytes.count)")
        #expect(try document.size(title) == bytes.count, "\(title): the heading's size")
        #expect(Set(rows.map { $0["field"] }).subtracting(["reserved"]) == Set(fields.keys), "\(title): all fields are listed")
        #expect(reservedCount == reserved)
    }

    @Test func packHeader() throws {
        let nonce = (0..<16).map { UInt8(0xa0 + $0) }
        let bytes = PackHeader(nonce: nonce).encoded()
        try check(
            "Pack header", bytes,
            [
                "magic": Array("STRATAPK".utf8), "version": little(PackFormat.version), "header size": little(UInt32(64)),
                "nonce": nonce, "checksum": little(PackFormat.checksum(Array(bytes[..<60]))),
            ], reserved: 1)
    }

    private let chunk = PackedChunk(
        digest: Digest(of: [1]), offset: 0x0102_0304_0506, storedBytes: 0x10203, rawBytes: 0x40506,
        encoding: .difference(elementBytes: 4, phase: 3), checksum: 0xdead_beef, base: Digest(of: [2]))

    @Test func recordHead() throws {
        let bytes = chunk.recordHead()
        #expect(bytes.count == 56 + 32)
        #expect(Array(bytes[56...]) == Digest(of: [2]).bytes, "the base's digest follows")
        #expect(chunk.with(base: nil).recordHead().count == 56)
        try check(
            "Record head", Array(bytes[..<56]),
            [
                "magic": Array("CHNK".utf8), "encoding": little(chunk.encoding.packed), "stored size": little(UInt32(0x10203)),
                "raw size": little(UInt32(0x40506)), "digest": chunk.digest.bytes, "payload checksum": little(UInt32(0xdead_beef)),
                "checksum": little(PackFormat.checksum(Array(bytes[..<52]) + bytes[56...])),
            ])
    }

    @Test func directoryEntry() throws {
        let fields = [
            "digest": chunk.digest.bytes, "payload offset": little(chunk.offset), "stored size": little(UInt32(0x10203)),
            "raw size": little(UInt32(0x40506)), "encoding": little(chunk.encoding.packed),
            "payload checksum": little(UInt32(0xdead_beef)), "base number": little(UInt32(0)),
        ]
        let (bytes, baseCount) = PackDirectory(chunks: [chunk], commitRecords: []).encoded()
        #expect(baseCount == 1 && bytes.count == 64 + 32)
        #expect(Array(bytes[64...]) == Digest(of: [2]).bytes, "bases follow the entries")
        try check("Directory entry", Array(bytes[..<64]), fields, reserved: 1)
        let (without, _) = PackDirectory(chunks: [chunk.with(base: nil)], commitRecords: []).encoded()
        try check("Directory entry", without, fields.merging(["base number": little(UInt32.max)]) { $1 }, reserved: 1)
        let meaning = try document.table("Directory entry").first { $0["field"] == "base number" }?["meaning"]
        #expect(meaning?.contains("\(PackFormat.noBase)") == true)
    }

    @Test func packFooter() throws {
        let name = PackName(Digest(of: [3]))
        let bytes = PackFooter(
            directoryOffset: 0x1122_3344, directoryBytes: 0x5566, chunkCount: 7, baseCount: 8, commitRecordCount: 9,
            storedBytes: 0x7788_99aa, name: name
        ).encoded()
        try check(
            "Pack footer", bytes,
            [
                "magic": Array("STRATAIX".utf8), "version": little(PackFormat.version), "footer size": little(UInt32(128)),
                "directory offset": little(Int64(0x1122_3344)), "directory size": little(Int64(0x5566)),
                "chunk count": little(UInt32(7)), "base count": little(UInt32(8)), "commit record count": little(UInt32(9)),
                "stored bytes": little(Int64(0x7788_99aa)), "name": name.digest.bytes,
                "checksum": little(PackFormat.checksum(Array(bytes[..<124]))),
            ], reserved: 2)
    }

    @Test func boundsAreTheCodes() throws {
        for title in ["Record head", "Directory entry"] {
            let raw = try document.table(title).first { $0["field"] == "raw size" }?["meaning"]
            #expect(raw?.hasSuffix(" to \(PackFormat.chunkRawBytesMax)") ?? false || raw?.contains("1 to \(PackFormat.chunkRawBytesMax)") ?? false)
        }
        let directory = try document.table("Pack footer").first { $0["field"] == "directory size" }?["meaning"]
        #expect(directory?.contains("\(PackFormat.directoryBytesMax)") == true)
        let list = try document.table("Chunk lists").first { $0["part"] == "raw size" }?["meaning"]
        #expect(list == "1 to \(PackFormat.chunkRawBytesMax)")
        #expect(document.lines.contains { $0.contains("1 to \(ChunkListSegment.entriesMax) chunks") })
    }

    @Test func encodings() throws {
        let encoding = ChunkEncoding.planes(elementBytes: 8, phase: 5, ranksExponents: true)
        try check(
            "Encoding", little(encoding.packed), ["codec": [2], "element size": [8], "phase": [5], "flags": [1]])
        let codecs = try document.table("Encoding", number: 1)
        #expect(codecs.map { $0["codec"] } == (0...3).map(String.init))
        for row in codecs {
            let codec = try #require(UInt8(row["codec"]).flatMap(ChunkEncoding.Codec.init(rawValue:)))
            #expect(row["name"] == "\(codec)")
        }
        #expect(ChunkEncoding.Codec(rawValue: UInt8(codecs.count)) == nil, "all codecs are listed")
    }

    @Test func planePayload() throws {
        let rows = try document.table("Plane payload").map { $0["part"] }
        #expect(rows == ["plane codes", "rank count", "rank table", "head", "tail", "whole bytes", "stored planes", "compressed planes"])
        // 81 elements of two bytes at phase 1, with a tail of one byte: high bytes 0 or 128, low bytes random.
        var generator = SeededGenerator(seed: 1)
        var chunk: [UInt8] = [0x77]
        for low in generator.bytes(81) { chunk += [low, 0x40] }
        chunk.append(0x99)
        let encoding = ChunkEncoding.planes(elementBytes: 2, phase: 1, ranksExponents: true)
        let payload = try #require(CodecHarness().payload(chunk, base: nil, by: encoding))
        var offset = 4
        let codes = (0..<16).map { plane -> UInt8 in payload[plane / 4] >> (2 * UInt8(plane % 4)) & 3 }
        let count = Int(payload[offset]) + 1
        let fields = Set((0..<81).map { element -> UInt16 in (UInt16(chunk[1 + 2 * element]) | 0x4000) >> 7 })
        #expect(count == fields.count && Set(payload[offset + 1...offset + count].map(UInt16.init)) == fields)
        offset += 1 + count
        #expect(payload[offset] == 0x77 && payload[offset + 1] == 0x99, "head, then tail")
        offset += 2
        let stored = codes.filter { $0 == 2 }.count
        #expect(stored > 0 && codes[0] == 0, "the rank's top bit is zero, and a random bit is stored")
        #expect(codes.contains(3) ? payload.count > offset + 11 * stored : payload.count == offset + 11 * stored)
        // The last plane is the word's sign bit, rotated to the bottom: zeros. The one before it is bit 0 of the words.
        #expect(codes[15] == 0 && codes[14] == 2)
        let plane = payload[(offset + 11 * (stored - 1))..<(offset + 11 * stored)]
        for element in 0..<81 {
            let bit = plane[plane.startIndex + element / 8] >> UInt8(element % 8) & 1
            #expect(bit == chunk[1 + 2 * element] & 1)
        }
        // With the low byte whole, there are codes for eight planes; the byte has the word's sign bit at the bottom.
        let whole = try #require(CodecHarness().payload(chunk, base: nil, by: encoding.keeping(wholeBytes: 1)))
        #expect(Array(whole[..<2]) == Array(payload[..<2]) && Array(whole[2..<2 + 1 + count + 2]) == Array(payload[4..<4 + 1 + count + 2]))
        #expect(Array(whole[(5 + count)..<(5 + count + 81)]) == (0..<81).map { chunk[1 + 2 * $0] << 1 })
    }

    @Test func chunkLists() throws {
        #expect(try document.table("Chunk lists").map { $0["part"] } == ["id", "raw size"])
        let entries = [(10, 300), (11, 1), (9, 127)].map { ChunkListEntry(id: ChunkID($0), rawBytes: $1) }
        let bytes = ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: entries).encoded()
        // zigzag(10 - 0), 300; zigzag(11 - 11), 1; zigzag(9 - 12), 127.
        #expect(bytes == [20, 0xac, 0x02, 0, 1, 5, 127])
    }

    @Test func valueDigests() throws {
        let rows = try document.table("Value digests")
        #expect(rows.map { $0["field"] } == ["tag", "value size", "chunk digest", "raw size"])
        #expect(rows.map { $0["size"] } == ["15", "8", "32 each", "4 each"])
        let tag = Array((rows[0].literal ?? "").utf8) + [10]
        #expect(tag.count == 15)
        let chunk = Digest(of: [1, 2])
        #expect(IngestedValue(inline: [1, 2]).digest == Digest(of: tag + little(UInt64(2)) + chunk.bytes + little(UInt32(2))))
        #expect(IngestedValue(inline: []).digest == Digest(of: tag + little(UInt64(0))))
    }

    @Test func commitRecords() throws {
        let chunks = [ValuePiece(digest: Digest(of: [4]), rawBytes: 40, known: nil), ValuePiece(digest: Digest(of: [5]), rawBytes: 50, known: nil)]
        let values = [IngestedValue(inline: [8, 9]), IngestedValue(pieces: chunks)]
        var writer = LittleEndianWriter()
        CommitRecord(metadata: [1, 2, 3], values: values).encode(into: &writer)
        let record = try document.table("Commit record")
        let value = try document.table("Value in a commit record")
        var expected: [UInt8] = []
        func add(_ rows: [FormatDocument.Row], _ fields: [String: [UInt8]]) throws {
            for row in rows {
                guard let bytes = fields[row["field"]] else { continue }
                if let size = row.size { #expect(bytes.count == size, "\(row["field"])") }
                expected += bytes
            }
            #expect(Set(fields.keys).isSubset(of: rows.map { $0["field"] }))
        }
        try add(record, ["metadata size": little(UInt32(3)), "metadata": [1, 2, 3], "value count": little(UInt32(2))])
        #expect(record.last?["field"] == "value count", "values follow it")
        try add(
            value,
            [
                "value digest": values[0].digest.bytes, "value size": little(Int64(2)), "chunk count": little(UInt32(0)),
                "inline size": little(UInt32(2)), "inline bytes": [8, 9],
            ])
        try add(
            value,
            [
                "value digest": values[1].digest.bytes, "value size": little(Int64(90)), "chunk count": little(UInt32(2)),
                "chunks": chunks.flatMap { $0.digest.bytes + little(UInt32($0.rawBytes)) },
            ])
        #expect(writer.bytes == expected)
    }

    @Test func lockFile() throws {
        let folder = try TemporaryFolder()
        let session = try StagingSession(stagingFolder: folder.path, disk: LocalDisk())
        let path = "\(folder.path)/\(session.token)/lock"
        try check("Lock file", try FileBytes.read(path), ["horizon": little(Int64.max)])
        try session.begin(sequence: 0x0102_0304)
        try check("Lock file", try FileBytes.read(path), ["horizon": little(Int64(0x0102_0304))])
        #expect(try document.table("Lock file")[0]["meaning"].contains("\(Int64.max)"))
        #expect(session.nextPackPath() == "\(folder.path)/\(session.token)/0.pack")
        #expect(session.token.count == 32 && session.token.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }

    @Test func packPaths() throws {
        let name = PackName(Digest(of: [1]))
        #expect(name.relativePath == "\(name.digest.hex.prefix(2))/\(name.digest.hex).pack")
        #expect(try document.table("Layout of a store").contains { $0["path"] == "`packs/ab/<64 hex>.pack`" })
    }
}
