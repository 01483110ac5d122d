/// Appends fixed-width little-endian numbers, the byte order of every format of the store.
struct LittleEndianWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(contentsOf other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

    /// Zeros up to `size`.
    mutating func pad(to size: Int) {
        precondition(bytes.count <= size)
        bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
    }
}

/// Reads fixed-width little-endian numbers from untrusted bytes: every read is checked against the end.
struct LittleEndianReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private let what: String

    /// - Parameter what: names the thing in errors.
    init(_ bytes: UnsafeRawBufferPointer, _ what: String) {
        self.bytes = bytes
        self.what = what
    }

    var remaining: Int { bytes.count - offset }

    mutating func next<T: FixedWidthInteger>(_ type: T.Type) throws(ContentError) -> T {
        let field = try take(MemoryLayout<T>.size)
        return T(littleEndian: field.loadUnaligned(as: T.self))
    }

    mutating func digest() throws(ContentError) -> Digest { Digest(unchecked: try take(Digest.sizeBytes)) }

    /// The next `count` bytes, uncopied.
    mutating func take(_ count: Int) throws(ContentError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else {
            throw ContentError(.corrupted, "\(what) ends at byte \(bytes.count) where \(count) more bytes from \(offset) were expected")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}
