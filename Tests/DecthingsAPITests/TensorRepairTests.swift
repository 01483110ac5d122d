import DecthingsAPI
import Testing

@Suite struct TensorRepairTests {
    private func failure(_ text: String) -> WireError? {
        let bytes = hex(text)
        return wireError { () throws(WireError) in try Tensor.decode(bytes) }
    }

    @Test func textLengthsInUTF16UnitsAreRepaired() throws {
        #expect(try Tensor.decode(hex("0b 01 02 05 01 61 01 c3 a9")) == .strings(["a", "é"]))
        // A scalar above U+FFFF counts as two units.
        #expect(try Tensor.decode(hex("0b 00 05 02 f0 9f 98 80")) == .scalar("😀"))
    }

    @Test func doubledAudioAndVideoLengthsAreRepaired() throws {
        let wav = MediaElement(format: "wav", data: [0x52, 0x49])
        #expect(try Tensor.decode(hex("0f 01 01 08 05 06 03 77 61 76 52 49")) == .media(.audio, [wav]))
        #expect(try Tensor.decode(hex("10 01 01 08 05 06 03 77 61 76 52 49")) == .media(.video, [wav]))
        // Images never had that defect.
        #expect(failure("0e 01 01 08 05 06 03 77 61 76 52 49")?.code == .malformedTensor)
    }

    @Test func booleansBecomeZeroOrOne() throws {
        let tensor = try Tensor.decode(hex("0d 01 03 05 00 ff"))
        #expect(Array(tensor.bytes) == hex("0d 01 03 01 00 01"))
    }

    @Test func longFormsBecomeShortest() throws {
        #expect(Array(try Tensor.decode(hex("07 01 fd 00 01 09")).bytes) == hex("07 01 01 09"))
        #expect(Array(try Tensor.decode(hex("0c 01 01 fe 00 00 00 04 fd 00 01 aa")).bytes) == hex("0c 01 01 02 01 aa"))
    }

    @Test func canonicalBytesAreSharedNotCopied() throws {
        let bytes = Array(Tensor([UInt8](repeating: 3, count: 4096)).bytes)
        let tensor = try Tensor.decode(bytes)
        let same = bytes.withUnsafeBufferPointer { whole in
            tensor.bytes.withUnsafeBufferPointer { $0.baseAddress == whole.baseAddress }
        }
        #expect(same)
    }

    @Test(arguments: [
        "0b 00 04 02 68 69",  // total runs past the end
        "0b 00 02 02 68 69",  // total too short
        "0b 01 02 03 02 68 69",  // one element for a shape of two
        "0b 00 02 01 ff",  // not UTF-8 by any reading
        "0b 00 04 03 ed a0 80",  // a surrogate is not UTF-8
        "0c 00 05 09 01 02 03 04",  // element past the total
        "0e 00 01 00",  // a media element without a format
        "0e 00 03 02 20 41",  // neither layout
        "0e 00 03 02 05 41",  // format longer than the element
        "0e 00 04 03 80 41 41",  // unprintable old format
        "00 00", "11 00 00", "ff 00",  // unknown types
    ])
    func malformedTensorsAreRefused(text: String) {
        #expect(failure(text) != nil)
    }

    @Test(arguments: [
        "07 01 ff ff ff ff ff ff ff ff ff",  // dimension beyond Int
        "07 01 ff 7f ff ff ff ff ff ff ff",  // dimension of Int.max
        "02 01 ff 1f ff ff ff ff ff ff ff",  // times 8 overflows
        "01 02 ff 00 00 00 01 00 00 00 00 ff 00 00 00 01 00 00 00 00",  // product overflows
        "0b 01 fe ff ff ff ff 02 00 00",  // four thousand million elements in two bytes
        "0b 00 ff ff ff ff ff ff ff ff ff",  // total beyond everything
        "0b 00 0a ff ff ff ff ff ff ff ff ff 00",  // element length beyond everything
    ])
    func hostileLengthsAreRefused(text: String) {
        #expect(failure(text) != nil)
    }

    @Test func aZeroDimensionOutweighsHugeOnes() throws {
        let tensor = try Tensor.decode(hex("01 03 ff 40 00 00 00 00 00 00 00 ff 40 00 00 00 00 00 00 00 00"))
        #expect(tensor.elementCount == 0)
    }

    @Test func peekNeedsOnlyThePrefixOfAStoredTensor() throws {
        let tensor = Tensor([Float](repeating: 1, count: 100_000), shape: [1000, 100])
        let header = try TensorHeader.peek(
            tensor.bytes.prefix(TensorHeader.sizeBytesMax), availableSizeBytes: tensor.bytes.count)
        #expect(header == tensor.header)
        let cut = wireError { () throws(WireError) in try TensorHeader.peek(tensor.bytes.prefix(TensorHeader.sizeBytesMax)) }
        #expect(cut?.code == .truncated)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func randomTensorsSurviveBothLayoutsAndCutsAreErrors(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let tensor = Self.random(&generator)
        let back = try Tensor.decode(tensor.bytes)
        #expect(back == tensor && back.header == tensor.header, "seed \(seed)")
        let old = tensor.encoded(for: .threeByteFormat)
        #expect(old.count == tensor.encodedSizeBytes(for: .threeByteFormat), "seed \(seed)")
        #expect(try Tensor.decode(old).shape == tensor.shape, "seed \(seed)")
        for count in 0..<tensor.bytes.count {
            let error = wireError { () throws(WireError) in try Tensor.decode(tensor.bytes.prefix(count)) }
            #expect(error != nil, "seed \(seed) cut to \(count)")
        }
    }

    @Test(arguments: 1...400 as ClosedRange<UInt64>)
    func damagedBytesNeverTrapAndWhatIsAcceptedIsCanonical(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bytes = Array(Self.random(&generator).bytes)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        guard let tensor = try? Tensor.decode(bytes) else { return }
        let again = try Tensor.decode(tensor.bytes)
        #expect(Array(again.bytes) == Array(tensor.bytes), "seed \(seed)")
        #expect(tensor.media.map { $0.count == tensor.elementCount } ?? true, "seed \(seed)")
    }

    static func random(_ generator: inout SeededGenerator) -> Tensor {
        let type = ElementType.allCases.randomElement(using: &generator)!
        let shape = (0..<Int.random(in: 0...3, using: &generator)).map { _ in Int.random(in: 0...4, using: &generator) }
        let count = shape.reduce(1, *)
        if let size = type.elementSizeBytes {
            return Tensor(type: type, shape: shape, elementBytes: generator.bytes(count * size))
        }
        let raw = (0..<count).map { _ in generator.bytes(Int.random(in: 0...9, using: &generator)) }
        switch type {
        case .string: return .strings(raw.map { String(decoding: $0, as: UTF8.self) }, shape: shape)
        case .binary: return .binary(raw, shape: shape)
        default:
            return .media(type, raw.map { MediaElement(format: ["png", "jpeg", "x"].randomElement(using: &generator)!, data: $0) }, shape: shape)
        }
    }
}
