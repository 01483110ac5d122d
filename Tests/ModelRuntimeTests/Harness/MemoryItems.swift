import DecthingsAPI
import Strata
import Synchronization

/// Items in memory, handed out in pieces of a chosen size.
struct MemoryItems: ItemSource {
    let items: [[UInt8]]
    var pieceSizeBytes = 1 << 20

    init(_ items: [[UInt8]], pieceSizeBytes: Int = 1 << 20) {
        self.items = items
        self.pieceSizeBytes = pieceSizeBytes
    }

    var itemCount: Int { items.count }
    var totalSizeBytes: Int64 { items.reduce(0) { $0 + Int64($1.count) } }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { items[range].map { Int64($0.count) } }

    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let bytes = items[item]
        for start in stride(from: 0, to: bytes.count, by: pieceSizeBytes) {
            try await consume(bytes[start..<min(start + pieceSizeBytes, bytes.count)])
        }
    }
}

/// One item of zeros that exists nowhere in memory.
struct ZeroItem: ItemSource {
    let sizeBytes: Int64

    var itemCount: Int { 1 }
    var totalSizeBytes: Int64 { sizeBytes }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { range.map { _ in sizeBytes } }

    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let piece = [UInt8](repeating: 0, count: 1 << 20)
        var left = sizeBytes
        while left > 0 {
            let count = min(left, Int64(piece.count))
            try await consume(piece[..<Int(count)])
            left -= count
        }
    }
}

/// Items that cannot be read, as from a damaged store.
struct BrokenItems: ItemSource {
    struct Damage: Error, Equatable {}

    var itemCount: Int { 1 }
    var totalSizeBytes: Int64 { 8 }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { range.map { _ in 8 } }
    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws { throw Damage() }
}

extension CallParameter {
    init(_ name: String, _ items: [[UInt8]]) { self.init(name: name, items: MemoryItems(items)) }
    init(_ name: String, _ tensors: [Tensor]) { self.init(name, tensors.map { Array($0.bytes) }) }
}
