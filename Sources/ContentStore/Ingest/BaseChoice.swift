/// The chunk list of a value that a new value probably resembles; same length in bytes.
public struct BaseValue: Sendable {
    public let entries: [ChunkListEntry]

    public init(entries: [ChunkListEntry]) { self.entries = entries }

    var cuts: [Int] { entries.map(\.rawBytes) }
}

/// From which value a new one inherits its cuts, and its chunks are taken as differences.
public enum BaseChoice: Sendable {
    /// From none: the value is cut by content.
    case none
    case value(BaseValue)
    /// From the one whose bytes lie closest, judged by the first 2 MiB; from none when none lies close.
    case closest([BaseValue])
}

extension IngestSession {
    /// A base that does not make a sample smaller by a tenth is none.
    private static let gainLeast = 0.9
    private static let samplesMax = 3

    /// Which of `candidates` a value that begins with `bytes` resembles most.
    ///
    /// A few of a candidate's chunks are read and the bytes at their places encoded against them: what counts is the size
    /// that comes out. Runs on a worker.
    func closest(of candidates: [BaseValue], to bytes: UnsafeRawBufferPointer) async throws -> BaseValue? {
        var best: (value: BaseValue, share: Double)?
        for candidate in candidates {
            try Task.checkCancellation()
            guard let share = try await share(of: candidate, bytes) else { continue }
            if share < min(Self.gainLeast, best?.share ?? .infinity) { best = (candidate, share) }
        }
        return best?.value
    }

    /// The stored size of samples as differences from `candidate`, as a share of their size without it; nil when it
    /// cannot be told.
    private func share(of candidate: BaseValue, _ bytes: UnsafeRawBufferPointer) async throws -> Double? {
        var (plainBytes, differenceBytes) = (0, 0)
        for (range, id) in Self.samples(of: candidate, within: bytes.count) {
            guard let found = try await reader.locate([id])[id], found.0.rawBytes == range.count,
                let base = try readable(found.0, base: found.base)
            else { return nil }
            let sample = UnsafeRawBufferPointer(rebasing: bytes[range])
            let scratch = EncodeScratch()
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: sample.count, alignment: 64)
            defer { room.deallocate() }
            plainBytes += scratch.encode(sample, base: nil, into: room).storedBytes
            differenceBytes += base.withUnsafeBytes { scratch.encode(sample, base: $0, into: room).storedBytes }
        }
        return plainBytes > 0 ? Double(differenceBytes) / Double(plainBytes) : nil
    }

    /// A chunk's bytes; nil when they are damaged, cannot be read, or were moved just now: a candidate only saves room.
    private func readable(_ location: ChunkLocation, base: ChunkLocation?) throws(ContentError) -> [UInt8]? {
        do throws(ContentError) {
            return try makeArray(count: location.rawBytes) { target throws(ContentError) in
                try self.reader.read(location, base: base, into: target)
            }
        } catch where error.saysThatABaseCannotBeUsed {
            return nil
        }
    }

    /// Chunks of a candidate that lie within the first `count` bytes: the first, the last and one between.
    private static func samples(of candidate: BaseValue, within count: Int) -> [(Range<Int>, ChunkID)] {
        var whole: [(Range<Int>, ChunkID)] = []
        var offset = 0
        for entry in candidate.entries {
            guard offset + entry.rawBytes <= count else { break }
            whole.append((offset..<offset + entry.rawBytes, entry.id))
            offset += entry.rawBytes
        }
        guard whole.count > samplesMax else { return whole }
        return [whole[0], whole[whole.count / 2], whole[whole.count - 1]]
    }
}
