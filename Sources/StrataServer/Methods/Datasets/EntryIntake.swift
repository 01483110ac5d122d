import DecthingsAPI
import Strata

/// Takes the entries of a request in: entry after entry one blob a key, each one tensor.
///
/// Tensors of numbers pass through as they arrive, so that they may have any size; the others are checked, mended and made
/// canonical in memory.
struct EntryIntake: Sendable {
    let entryCount: Int
    /// The keys in the order of an entry's blobs.
    private let keys: [Strata.ParameterDefinition]
    private let blobs: any RequestBlobs
    private let limits: DatasetLimits

    /// - Throws: `invalid_parameter` when keys or number of blobs do not fit the dataset.
    init(_ call: Call, receivedKeys: [String], dataset: Strata.Dataset, limits: DatasetLimits) throws(WireError) {
        let order = try DatasetKeyOrder.blobOrder(received: receivedKeys, datasetKeys: dataset.keys.map(\.name))
        keys = order.compactMap { name in dataset.keys.first { $0.name == name } }
        entryCount = try DatasetKeyOrder.entryCount(blobCount: call.blobs.sizesBytes.count, keyCount: keys.count)
        blobs = call.blobs
        self.limits = limits
    }

    func write(to writer: EntriesWriter) async throws {
        for index in blobs.sizesBytes.indices {
            let key = keys[index % keys.count]
            do {
                try await write(blob: index, under: key.name, to: writer)
            } catch let error as WireError {
                throw APIError.invalidParameter(
                    "keys", "the tensor of entry \(index / keys.count) under `\(key.name)` (blob \(index)) is none: \(error.message)")
            }
        }
    }

    private func write(blob index: Int, under key: String, to writer: EntriesWriter) async throws {
        let size = blobs.sizesBytes[index]
        var tensor = ArrivingTensor(sizeBytes: size, sizeBytesMaxInMemory: limits.variableTensorBytesMax)
        try await blobs.read(index) { piece in
            switch try tensor.take(piece) {
            case .nothing: break
            case .begin(let header, let bytes):
                try writer.begin(key, elementType: header.type.name, shape: header.shape)
                try await writer.write(bytes[...])
            case .more(let bytes): try await writer.write(bytes)
            }
        }
        guard let whole = try tensor.end() else { return try await writer.end() }
        try await writer.write(
            key, Item(elementType: whole.type.name, shape: whole.shape, bytes: Array(whole.bytes)))
    }
}

/// A tensor that arrives piece by piece.
private struct ArrivingTensor {
    enum Step {
        case nothing
        /// The tensor has elements of fixed size: its header and first bytes. The rest follows as it arrives.
        case begin(TensorHeader, [UInt8])
        case more(ArraySlice<UInt8>)
    }

    private enum State {
        /// Until the header is there; the whole tensor when it has elements of variable size.
        case collecting([UInt8], header: TensorHeader?)
        case passing(TensorHeader)
    }

    private let sizeBytes: Int
    private let sizeBytesMaxInMemory: Int
    private var state = State.collecting([], header: nil)

    init(sizeBytes: Int, sizeBytesMaxInMemory: Int) {
        self.sizeBytes = sizeBytes
        self.sizeBytesMaxInMemory = sizeBytesMaxInMemory
    }

    mutating func take(_ piece: ArraySlice<UInt8>) throws -> Step {
        switch state {
        case .passing(let header): return .more(Self.canonical(piece, header))
        case .collecting(var bytes, let known):
            // Not two owners of the bytes at once, or each piece would copy them.
            state = .collecting([], header: nil)
            bytes.append(contentsOf: piece)
            guard known == nil, bytes.count >= min(sizeBytes, TensorHeader.sizeBytesMax) else {
                state = .collecting(bytes, header: known)
                return .nothing
            }
            let header = try checkedHeader(bytes)
            guard header.type.elementSizeBytes != nil else {
                bytes.reserveCapacity(sizeBytes)
                state = .collecting(bytes, header: header)
                return .nothing
            }
            state = .passing(header)
            return .begin(header, header.canonicalStart + Self.canonical(bytes[header.bodyOffset...], header))
        }
    }

    private func checkedHeader(_ bytes: [UInt8]) throws -> TensorHeader {
        let header = try TensorHeader.peek(bytes, availableSizeBytes: sizeBytes)
        guard header.sizeBytes == sizeBytes else {
            throw WireError(
                .trailingBytes, "\(sizeBytes - header.sizeBytes) bytes follow the tensor; send exactly one", byteOffset: header.sizeBytes)
        }
        guard header.type.elementSizeBytes != nil || sizeBytes <= sizeBytesMaxInMemory else {
            throw WireError(
                .limitExceeded, "a \(header.type.name) tensor of \(sizeBytes) bytes passes the bound of \(sizeBytesMaxInMemory); send smaller ones")
        }
        return header
    }

    private static func canonical(_ body: ArraySlice<UInt8>, _ header: TensorHeader) -> ArraySlice<UInt8> {
        guard header.type == .boolean, body.contains(where: { $0 > 1 }) else { return body }
        return body.map { $0 == 0 ? 0 : 1 }[...]
    }

    /// The tensor, when it was collected and not passed through.
    func end() throws -> Tensor? {
        guard case .collecting(let bytes, let header) = state else { return nil }
        // Empty blobs are never handed over: there was no header to check.
        if header == nil { _ = try TensorHeader.peek(bytes) }
        return try Tensor.decode(bytes)
    }
}
