import DecthingsAPI
import Testing

@Suite struct TensorVectorTests {
    /// Bytes made by the official Python library, and the tensor that they stand for.
    static let vectors: [(String, Tensor)] = [
        ("01 00 00 00 c0 3f", .scalar(Float(1.5))),
        ("01 01 02 00 00 c0 3f 00 00 00 c0", Tensor([Float(1.5), -2])),
        ("02 01 01 9a 99 99 99 99 99 b9 3f", Tensor([0.1])),
        ("03 01 03 ff 00 7f", Tensor([Int8(-1), 0, 127])),
        ("04 01 02 fe ff 2c 01", Tensor([Int16(-2), 300])),
        ("05 01 01 c0 1d fe ff", Tensor([Int32(-123456)])),
        ("06 01 01 fb ff ff ff ff ff ff ff", Tensor([Int64(-5)])),
        ("07 02 02 02 01 02 03 04", Tensor([UInt8(1), 2, 3, 4], shape: [2, 2])),
        ("08 01 01 ff ff", Tensor([UInt16(65535)])),
        ("09 01 01 00 28 6b ee", Tensor([UInt32(4_000_000_000)])),
        ("0a 01 01 00 00 00 00 00 00 00 80", Tensor([UInt64(1) << 63])),
        ("0b 00 03 02 68 69", .scalar("hi")),
        ("0b 01 02 05 01 61 02 c3 a9", .strings(["a", "é"])),
        ("0b 02 02 01 04 01 61 01 62", .strings(["a", "b"], shape: [2, 1])),
        ("0c 01 02 04 02 01 02 00", .binary([[1, 2], []])),
        ("0d 01 03 01 00 01", .booleans([true, false, true])),
        ("01 01 00", Tensor([Float]())),
        ("01 02 00 03", Tensor([Float](), shape: [0, 3])),
        ("0b 01 00 00", .strings([])),
    ]

    @Test(arguments: vectors)
    func bytesOfThePythonLibraryDecodeAndEncode(text: String, tensor: Tensor) throws {
        let bytes = hex(text)
        #expect(try Tensor.decode(bytes) == tensor)
        #expect(Array(tensor.bytes) == bytes)
        #expect(try TensorHeader.peek(bytes) == tensor.header)
        #expect(tensor.header.sizeBytes == bytes.count)
    }

    @Test(arguments: vectors)
    func truncationAtEveryOffsetIsAnError(text: String, tensor: Tensor) {
        let bytes = hex(text)
        for count in 0..<bytes.count {
            #expect(wireError { () throws(WireError) in try Tensor.decode(bytes[..<count]) } != nil, "\(text) cut to \(count)")
        }
    }

    @Test(arguments: [
        ("0e 01 01 06 05 70 6e 67 89 50", ElementType.image, "png", [UInt8(0x89), 0x50]),
        ("0f 01 01 06 05 77 61 76 52 49", .audio, "wav", [0x52, 0x49]),
        ("10 01 01 06 05 6d 70 34 00 00", .video, "mp4", [0, 0]),
    ])
    func threeByteMediaOfThePythonLibraryBecomesLengthPrefixed(
        text: String, type: ElementType, format: String, data: [UInt8]
    ) throws {
        let tensor = try Tensor.decode(hex(text))
        #expect(tensor == .media(type, [MediaElement(format: format, data: data)]))
        #expect(Array(tensor.encoded(for: .threeByteFormat)) == hex(text))
        #expect(tensor.encodedSizeBytes(for: .threeByteFormat) == hex(text).count)
        let new = tensor.encoded(for: .lengthPrefixedFormat)
        #expect(new.count == hex(text).count + 1)
        #expect(try Tensor.decode(new) == tensor)
    }

    @Test func longerMediaFormatsAreReducedForOldReceivers() throws {
        let tensor = try Tensor.decode(hex("0e 01 01 08 07 04 6a 70 65 67 89 50"))
        #expect(tensor.media == [MediaElement(format: "jpeg", data: [0x89, 0x50])])
        #expect(Array(tensor.encoded(for: .threeByteFormat)) == hex("0e 01 01 06 05 6a 70 67 89 50"))
        let others = [("tiff", "tif"), ("webp", "web"), ("mpeg", "mpg"), ("flac", "fla"), ("h", "h  "), ("", "   ")]
        for (format, reduced) in others {
            let tensor = Tensor.media(.video, [MediaElement(format: format, data: [1])])
            let old = try Tensor.decode(tensor.encoded(for: .threeByteFormat))
            #expect(old.media?.first?.format.elementsEqual(reduced.utf8) == true, "\(format)")
        }
    }

    @Test(arguments: [(300, "07 01 fd 01 2c"), (65535, "07 01 fd ff ff"), (65536, "07 01 fe 00 01 00 00"), (65537, "07 01 fe 00 01 00 01")])
    func longVectorsHaveTheKnownHeads(count: Int, head: String) throws {
        let tensor = Tensor([UInt8](repeating: 0, count: count))
        #expect(tensor.bytes.starts(with: hex(head)))
        #expect(try Tensor.decode(tensor.bytes) == tensor)
    }

    @Test func aLongStringHasTheKnownHead() {
        let tensor = Tensor.strings([String(repeating: "x", count: 300)])
        #expect(tensor.bytes.starts(with: hex("0b 01 01 fd 01 2f fd 01 2c 78")))
    }

    @Test func severalTensorsShareABlob() throws {
        let blob = hex("01 00 00 00 80 3f 01 00 00 00 00 40")
        #expect(try Tensor.decodeAll(blob[...]) == [.scalar(Float(1)), .scalar(Float(2))])
        #expect(Tensor.concatenated([.scalar(Float(1)), .scalar(Float(2))]) == blob)
        #expect(try Tensor.decodeAll([]) == [])
        #expect(wireError { () throws(WireError) in try Tensor.decode(blob) }?.code == .trailingBytes)
        let tooMany = wireError { () throws(WireError) in try Tensor.decodeAll(blob[...], countMax: 1) }
        #expect(tooMany?.code == .limitExceeded)
        let leftover = wireError { () throws(WireError) in try Tensor.decodeAll((blob + [1])[...]) }
        #expect(leftover?.byteOffset == 12)
    }

    @Test func valuesComeBack() {
        #expect(Tensor([1.5, -2.25]).numbers(as: Double.self) == [1.5, -2.25])
        #expect(Tensor([Int64.min, 7]).numbers(as: Int64.self) == [.min, 7])
        #expect(Tensor([Float(1)]).numbers(as: Double.self) == nil)
        #expect(Tensor.booleans([true, false]).booleans == [true, false])
        #expect(Tensor.strings(["", "é"]).strings == ["", "é"])
        #expect(Tensor.binary([[], [1]]).variableElements?.map(Array.init) == [[], [1]])
    }
}
