/// Chooses how a chunk is encoded, from a sample of at most 16 KiB of it.
///
/// A chunk that looks like an earlier one, of which the choice is known, gets the same choice at the cost of a look
/// (about 5 µs). For any other the sample is encoded in every way that its profile allows (50 to 200 µs), and the
/// smallest wins. Looks are kept by address modulo eight, because an ingest lays chunks in memory as they lie in their value:
/// a phase that held for one then holds for the next, wherever the cuts are.
final class EncodingChooser {
    /// A choice for chunks of one look.
    private struct Hypothesis {
        let raw: SampleProfile
        /// Of the differences from the base; the same as `raw` without one.
        let changed: SampleProfile
        let hasBase: Bool
        let codec: ChunkEncoding.Codec
        let elementBytes: Int
        /// The address, modulo `elementBytes`, at which elements begin.
        let alignment: Int
        let ranksExponents: Bool

        /// The trials that led to this choice would lead to it for such a chunk too.
        func suits(raw: SampleProfile, changed: SampleProfile, hasBase: Bool) -> Bool {
            guard self.hasBase == hasBase, self.raw.resembles(raw) else { return false }
            guard codec == .difference else { return self.changed.resembles(changed) }
            // A difference is the better the nearer the base lies; the element size must be one that was tried.
            return changed.isNoMoreRandom(than: self.changed) && changed.period == self.changed.period
        }
    }

    private static let sampleBytes = 16 << 10
    private static let samplePlaces = 4
    /// A kind of data that alternates with another keeps its hypothesis.
    private static let hypothesesMax = 8

    private var hypotheses: [Hypothesis] = []
    private let counts = UnsafeMutablePointer<UInt16>.allocate(capacity: 8 * 256)
    private let sample = UnsafeMutableRawBufferPointer.allocate(byteCount: EncodingChooser.sampleBytes, alignment: 64)
    private let baseSample = UnsafeMutableRawBufferPointer.allocate(byteCount: EncodingChooser.sampleBytes, alignment: 64)
    private let trial = UnsafeMutableRawBufferPointer.allocate(byteCount: EncodingChooser.sampleBytes, alignment: 64)
    private let planes: PlaneEncoder
    private let lz4: LZ4Compressor

    init(planes: PlaneEncoder, lz4: LZ4Compressor) {
        self.planes = planes
        self.lz4 = lz4
        counts.initialize(repeating: 0, count: 8 * 256)
        hypotheses.reserveCapacity(Self.hypothesesMax)
    }

    deinit {
        counts.deallocate()
        sample.deallocate()
        baseSample.deallocate()
        trial.deallocate()
    }

    /// - Parameter base: of the chunk's size.
    /// - Returns: the encoding, without order and whole bytes, and what is encoded by it looks like: the chunk, or its
    ///   differences from the base.
    /// - Precondition: `chunk` is not empty.
    func choose(_ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?) -> (ChunkEncoding, looks: SampleProfile) {
        var raw = SampleProfile()
        raw.measureLanes(of: chunk, base: nil, counts: counts)
        raw.hasRepeats = hasRepeats(chunk)
        var changed = raw
        if base != nil { changed.measureLanes(of: chunk, base: base, counts: counts) }
        if raw.looksRandom && (base == nil || changed.looksRandom) { return (.raw, changed) }
        let encoding = choose(chunk, base: base, raw: raw, changed: changed)
        return (encoding, encoding.codec == .difference ? changed : raw)
    }

    private func choose(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, raw: SampleProfile, changed: SampleProfile
    ) -> ChunkEncoding {
        let address = Int(bitPattern: chunk.baseAddress!)
        if let hypothesis = hypotheses.first(where: { $0.suits(raw: raw, changed: changed, hasBase: base != nil) }) {
            return Self.encoding(of: hypothesis, at: address)
        }
        let choice = tryAll(chunk, base: base, raw: raw, changed: changed)
        if hypotheses.count == Self.hypothesesMax { hypotheses.removeFirst() }
        hypotheses.append(
            Hypothesis(
                raw: raw, changed: changed, hasBase: base != nil, codec: choice.codec, elementBytes: choice.elementBytes,
                alignment: choice.elementBytes == 0 ? 0 : (address + choice.phase) % choice.elementBytes,
                ranksExponents: choice.ranksExponents))
        return choice
    }

    /// The last choice did not hold what its sample promised: the next chunk is sampled anew.
    func forget() { hypotheses.removeAll(keepingCapacity: true) }

    private static func encoding(of hypothesis: Hypothesis, at address: Int) -> ChunkEncoding {
        let width = hypothesis.elementBytes
        // The alignment is below the width, so adding the width keeps the difference positive.
        let phase = width == 0 ? 0 : (hypothesis.alignment + width - address % width) % width
        return switch hypothesis.codec {
        case .raw: .raw
        case .lz4: .lz4
        case .planes: .planes(elementBytes: width, phase: phase, ranksExponents: hypothesis.ranksExponents)
        case .difference: .difference(elementBytes: width, phase: phase)
        }
    }

    /// LZ4 makes the chunk's middle smaller by a tenth.
    private func hasRepeats(_ chunk: UnsafeRawBufferPointer) -> Bool {
        let length = min(4096, chunk.count)
        let start = (chunk.count - length) / 2
        let middle = UnsafeRawBufferPointer(rebasing: chunk[start..<start + length])
        return lz4.compress(middle, into: UnsafeMutableRawBufferPointer(rebasing: trial[0..<length * 9 / 10])) != nil
    }

    /// Encodes the sample in every way that can pay.
    private func tryAll(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, raw: SampleProfile, changed: SampleProfile
    ) -> ChunkEncoding {
        let (part, shift) = gather(chunk, into: sample)
        let basePart = base.map { gather($0, alignedAs: chunk, into: baseSample) }
        // What helps by less than 2 % is not worth its time.
        var bestBytes = part.count * 49 / 50
        var best = ChunkEncoding.raw
        func consider(_ encoding: ChunkEncoding, _ bytes: Int?) {
            if let bytes, bytes < bestBytes { (best, bestBytes) = (encoding, bytes) }
        }
        consider(.lz4, lz4.compress(part, into: trial))
        let width = raw.period
        for phase in 0..<width {
            // The sample begins `shift` bytes into the chunk (modulo eight), and so does its phase.
            let inSample = (phase + 8 - shift) % width
            for ranked in [false, true] {
                consider(
                    .planes(elementBytes: width, phase: phase, ranksExponents: ranked),
                    planes.encode(
                        part, base: nil, by: .planes(elementBytes: width, phase: inSample, ranksExponents: ranked), into: trial))
            }
        }
        guard let basePart else { return best }
        for width in Set([raw.period, changed.period]).sorted() {
            for phase in 0..<width {
                let inSample = (phase + 8 - shift) % width
                consider(
                    .difference(elementBytes: width, phase: phase),
                    planes.encode(part, base: basePart, by: .difference(elementBytes: width, phase: inSample), into: trial))
            }
        }
        return best
    }

    /// Brings four parts of the chunk together, each from an address ≡ 0 (mod 8), so that elements keep their phase.
    /// - Returns: the sample, and how many bytes into the chunk (modulo eight) it begins.
    private func gather(
        _ chunk: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> (UnsafeRawBufferPointer, shift: Int) {
        let shift = min(-Int(bitPattern: chunk.baseAddress!) & 7, chunk.count - 1)
        return (gather(chunk, from: shift, into: target), shift)
    }

    private func gather(
        _ base: UnsafeRawBufferPointer, alignedAs chunk: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        gather(base, from: min(-Int(bitPattern: chunk.baseAddress!) & 7, chunk.count - 1), into: target)
    }

    private func gather(
        _ bytes: UnsafeRawBufferPointer, from shift: Int, into target: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let usable = UnsafeRawBufferPointer(rebasing: bytes[shift...])
        guard usable.count > target.count else {
            target.copyMemory(from: usable)
            return UnsafeRawBufferPointer(rebasing: target[0..<usable.count])
        }
        let partBytes = target.count / Self.samplePlaces
        for place in 0..<Self.samplePlaces {
            let start = (usable.count - partBytes) / (Self.samplePlaces - 1) * place & ~7
            target.from(place * partBytes).copyMemory(from: UnsafeRawBufferPointer(rebasing: usable[start..<start + partBytes]))
        }
        return UnsafeRawBufferPointer(target)
    }
}
