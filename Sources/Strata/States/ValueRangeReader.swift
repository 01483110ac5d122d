import Catalog
import ContentStore
import Glibc
import Synchronization

/// Reads random ranges of one value, decoding no more than the chunks that a range touches and keeping some of them.
///
/// Made by `StateReader.rangeReader(of:)`; like it, valid until the closure that got the state returns. May be used from
/// many tasks at once.
public final class ValueRangeReader: Sendable {
    /// The value's size.
    public let sizeBytes: Int64
    private let value: ValueID
    private let inline: [UInt8]?
    private let catalog: Catalog
    private let chunks: DecodedChunks
    private let describe: @Sendable (ContentError, Int64) -> StrataError
    /// Segments of the chunk list that were looked up, by the offset at which they begin; each covers about a gibibyte.
    private let segments = Mutex<[Segment]>([])

    /// A segment and where each of its chunks begins.
    private struct Segment: Sendable {
        let entries: [ChunkListEntry]
        /// One more than entries: the last is the segment's end.
        let offsets: [Int64]

        /// The chunks that hold bytes of `range`.
        func chunks(in range: Range<Int64>) -> Range<Int> {
            let first = index(of: range.lowerBound)
            let last = index(of: min(range.upperBound, offsets.last!) - 1)
            return first..<last + 1
        }

        private func index(of offset: Int64) -> Int {
            var (low, high) = (0, entries.count - 1)
            while low < high {
                let middle = (low + high + 1) / 2
                if offsets[middle] <= offset { low = middle } else { high = middle - 1 }
            }
            return low
        }
    }

    init(
        _ value: ValueRow, catalog: Catalog, reader: ChunkReader, keptBytesMax: Int,
        describe: @escaping @Sendable (ContentError, Int64) -> StrataError
    ) {
        self.value = value.id
        sizeBytes = value.sizeBytes
        inline = value.inlineBytes
        self.catalog = catalog
        chunks = DecodedChunks(reader: reader, bytesMax: keptBytesMax)
        self.describe = describe
    }

    /// Copies the bytes of `range`, clipped to the value, to the front of `target`.
    ///
    /// - Returns: how many bytes were copied.
    /// - Throws: `corrupted` naming model, state, key and offset; `cancelled`.
    /// - Complexity: a copy, when the chunks are kept; else a look-up, a read and a decode for each that is not.
    /// - Precondition: `target` has room for the clipped range.
    @discardableResult
    public func read(_ range: Range<Int64>, into target: UnsafeMutableRawBufferPointer) async throws(StrataError) -> Int {
        let clipped = range.clamped(to: 0..<sizeBytes)
        precondition(target.count >= clipped.count, "the target must have room for the range")
        if let inline {
            inline.withUnsafeBytes {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(clipped.lowerBound)..<Int(clipped.upperBound)]))
            }
            return clipped.count
        }
        var done = 0
        while done < clipped.count {
            let rest = clipped.lowerBound + Int64(done)..<clipped.upperBound
            do {
                done += try await readSegment(rest, into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
            } catch let error as ContentError {
                throw describe(error, rest.lowerBound)
            } catch {
                throw StrataError.wrapping(error)
            }
        }
        return done
    }

    /// The bytes of `range`, clipped to the value.
    public func bytes(in range: Range<Int64>) async throws(StrataError) -> [UInt8] {
        let clipped = range.clamped(to: 0..<sizeBytes)
        // The catalog may claim any size; the library's own allocation would end the process at one that no memory has.
        guard let memory = malloc(max(clipped.count, 1)) else {
            throw StrataError(.io, "there is no memory for \(clipped.count) bytes; read a smaller range")
        }
        defer { free(memory) }
        let room = UnsafeMutableRawBufferPointer(start: memory, count: clipped.count)
        try await read(clipped, into: room)
        return Array(room)
    }

    /// Reads what of `range` lies in the segment of its first byte.
    private func readSegment(_ range: Range<Int64>, into target: UnsafeMutableRawBufferPointer) async throws -> Int {
        let segment = try await segment(at: range.lowerBound)
        let wanted = range.clamped(to: segment.offsets[0]..<segment.offsets.last!)
        let numbers = segment.chunks(in: wanted)
        var missing: [Int] = []
        for number in numbers {
            if let bytes = chunks.kept(segment.entries[number]) {
                Self.copy(bytes, at: segment.offsets[number], wanted, into: target)
            } else {
                missing.append(number)
            }
        }
        guard !missing.isEmpty else { return wanted.count }
        let decoded = try await chunks.decode(missing.map { segment.entries[$0] })
        for (number, bytes) in zip(missing, decoded) { Self.copy(bytes, at: segment.offsets[number], wanted, into: target) }
        return wanted.count
    }

    private static func copy(
        _ chunk: [UInt8], at offset: Int64, _ wanted: Range<Int64>, into target: UnsafeMutableRawBufferPointer
    ) {
        let part = wanted.clamped(to: offset..<offset + Int64(chunk.count))
        chunk.withUnsafeBytes { bytes in
            let source = UnsafeRawBufferPointer(rebasing: bytes[Int(part.lowerBound - offset)..<Int(part.upperBound - offset)])
            UnsafeMutableRawBufferPointer(rebasing: target[Int(part.lowerBound - wanted.lowerBound)...]).copyMemory(from: source)
        }
    }

    private func segment(at offset: Int64) async throws -> Segment {
        let known = segments.withLock { segments in
            segments.first { $0.offsets[0] <= offset && offset < $0.offsets.last! }
        }
        if let known { return known }
        guard let found = try await catalog.chunkList(value: value, overlapping: offset..<offset + 1).first else {
            throw ContentError(.corrupted, "the chunk list of value number \(value.rawValue) ends at byte \(offset)")
        }
        var offsets = [found.firstOffset]
        for entry in found.entries { offsets.append(offsets.last! + Int64(entry.rawBytes)) }
        guard offsets[0] <= offset, offset < offsets.last! else {
            throw ContentError(.corrupted, "the chunk list of value number \(value.rawValue) has a gap at byte \(offset)")
        }
        let segment = Segment(entries: found.entries, offsets: offsets)
        segments.withLock { segments in
            if segments.count == 16 { segments.removeFirst() }
            segments.append(segment)
        }
        return segment
    }
}
