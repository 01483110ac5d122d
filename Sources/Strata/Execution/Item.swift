/// One element of a parameter or of a dataset's key: a serialized tensor, and what it is.
///
/// The store keeps the bytes as they are and checks type and shape against definitions; the encoding of tensors is the
/// wire layer's business.
public struct Item: Hashable, Sendable {
    /// An element type's name, such as `f32`.
    public let elementType: String
    public let shape: [Int]
    public let bytes: [UInt8]

    public init(elementType: String, shape: [Int], bytes: [UInt8]) {
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }
}

/// Items in memory.
struct InlineItems: ItemSource {
    let items: [[UInt8]]

    var itemCount: Int { items.count }
    var totalSizeBytes: Int64 { items.reduce(0) { $0 + Int64($1.count) } }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { items[range].map { Int64($0.count) } }

    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let bytes = items[item]
        for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
            try await consume(bytes[start..<min(start + 1 << 20, bytes.count)])
        }
    }
}
