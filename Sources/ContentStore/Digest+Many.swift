import CKernels

extension Digest {
    /// Digests several messages: with SHA instructions two at a time, which takes 0.56 of the time of one by one
    /// (2.8 against 1.57 GB/s a core, measured on an AMD EPYC of the third generation).
    package static func each(of messages: [UnsafeRawBufferPointer]) -> [Digest] {
        guard messages.count > 1 else { return messages.map { Digest(of: $0) } }
        let addresses = messages.map { $0.baseAddress }
        let lengths = messages.map(\.count)
        var isDone = false
        let bytes = [UInt8](unsafeUninitializedCapacity: messages.count * sizeBytes) { room, initialized in
            isDone = ck_sha256_many(addresses, lengths, messages.count, room.baseAddress) != 0
            initialized = isDone ? messages.count * sizeBytes : 0
        }
        guard isDone else { return messages.map { Digest(of: $0) } }
        return bytes.withUnsafeBytes { bytes in
            messages.indices.map { Digest(unchecked: UnsafeRawBufferPointer(rebasing: bytes[($0 * sizeBytes)...])) }
        }
    }

    static func each(of messages: [[UInt8]]) -> [Digest] { each(of: messages[...], []) }

    /// Every array lends its memory for as long as the innermost call lasts.
    private static func each(of rest: ArraySlice<[UInt8]>, _ lent: [UnsafeRawBufferPointer]) -> [Digest] {
        guard let first = rest.first else { return each(of: lent) }
        return first.withUnsafeBytes { each(of: rest.dropFirst(), lent + [$0]) }
    }
}
