/// What a pack says of a state whose chunks it holds, so that a lost catalog can be rebuilt from packs alone.
///
/// This module does not look into `metadata`: it is the upper layer's description (ids, names, keys) of the values,
/// which follow in the same order.
public struct CommitRecord: Sendable {
    public let metadata: [UInt8]
    public let values: [IngestedValue]

    public init(metadata: [UInt8], values: [IngestedValue]) {
        self.metadata = metadata
        self.values = values
    }

    func encode(into writer: inout LittleEndianWriter) {
        writer.append(UInt32(metadata.count))
        writer.append(contentsOf: metadata)
        writer.append(UInt32(values.count))
        for value in values {
            writer.append(contentsOf: value.digest.bytes)
            writer.append(value.sizeBytes)
            switch value.content {
            case .inline(let bytes):
                writer.append(UInt32(0))
                writer.append(UInt32(bytes.count))
                writer.append(contentsOf: bytes)
            case .pieces(let pieces):
                writer.append(UInt32(pieces.count))
                for piece in pieces {
                    writer.append(contentsOf: piece.digest.bytes)
                    writer.append(UInt32(piece.rawBytes))
                }
            }
        }
    }

    init(_ reader: inout LittleEndianReader) throws(ContentError) {
        metadata = Array(try reader.take(Int(try reader.next(UInt32.self))))
        let valueCount = try reader.next(UInt32.self)
        var values: [IngestedValue] = []
        for _ in 0..<valueCount {
            let digest = try reader.digest()
            let sizeBytes = try reader.next(Int64.self)
            let pieceCount = Int(try reader.next(UInt32.self))
            guard pieceCount > 0 else {
                let bytes = Array(try reader.take(Int(try reader.next(UInt32.self))))
                values.append(IngestedValue(digest: digest, sizeBytes: sizeBytes, content: .inline(bytes)))
                continue
            }
            guard pieceCount <= reader.remaining / 36 else {
                throw ContentError(.corrupted, "a commit record claims \(pieceCount) chunks, more than its bytes can hold")
            }
            var pieces: [ValuePiece] = []
            pieces.reserveCapacity(pieceCount)
            for _ in 0..<pieceCount {
                let piece = try reader.digest()
                pieces.append(ValuePiece(digest: piece, rawBytes: Int(try reader.next(UInt32.self)), known: nil))
            }
            values.append(IngestedValue(digest: digest, sizeBytes: sizeBytes, content: .pieces(pieces)))
        }
        self.values = values
    }
}
