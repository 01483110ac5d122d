import DecthingsAPI
import Logging
import Strata

/// How states' bytes come and go: streamed, in bounded memory whatever their size.

extension APIService {
    static let stateKeysMax = 100
    static let stateKeySizeBytesMax = 1 << 30

    /// Holds the names of an uploaded state's keys against its blobs, before a byte of them is read.
    static func checkKeys(_ names: [String], _ blobs: any RequestBlobs) throws(APIError) {
        try blobs.require(count: names.count, parameterName: "stateKeyNames")
        guard names.count <= stateKeysMax else {
            throw .invalidParameter("stateKeyNames", "the state has \(names.count) keys; at most \(stateKeysMax) are allowed")
        }
        var seen: Set<String> = []
        for (name, size) in zip(names, blobs.sizesBytes) {
            guard seen.insert(name).inserted else {
                throw .invalidParameter("stateKeyNames", "the key \(name.prefix(64)) is given twice; give each key once")
            }
            guard size <= stateKeySizeBytesMax else {
                throw .invalidParameter(
                    "stateKeyNames", "the key \(name.prefix(64)) has \(size) bytes; at most \(stateKeySizeBytesMax) are allowed, split it into several keys")
            }
            guard name.utf8.count <= StateWriter.keyBytesMax, !name.utf8.contains(0) else {
                throw .invalidParameter(
                    "stateKeyNames", "the key \(name.prefix(64)) has more than \(StateWriter.keyBytesMax) bytes or a zero byte; choose a shorter one")
            }
        }
    }

    /// Answers with a state's keys and their values, as they are read.
    ///
    /// - Parameter keys: in the order asked, repeated where repeated; nil for all.
    /// - Throws: `state_key_not_found` before the answer begins; damage when it is met: nothing of a small answer was sent then.
    func answer(_ reader: StateReader, keys: [String]?, to sink: any AnswerSink) async throws {
        let names = keys ?? reader.keys.map(\.key)
        let known = Dictionary(reader.keys.map { ($0.key, $0.sizeBytes) }) { first, _ in first }
        var sizes: [Int] = []
        for name in names {
            guard let size = known[name] else { throw APIError(.stateKeyNotFound) }
            sizes.append(Int(size))
        }
        try await sink.begin(try Envelope(result: StateKeysResult(stateKeyNames: names)), blobSizesBytes: sizes)
        for (name, size) in zip(names, sizes) where size > 0 { try await reader.read(name) { try await sink.write($0) } }
    }
}

extension StateWriter {
    /// Takes a request's blobs in as the values of keys, in order, as they arrive.
    func write(_ keys: [String], from blobs: any RequestBlobs) async throws {
        for (index, key) in keys.enumerated() {
            try await beginKey(key, sizeBytes: Int64(blobs.sizesBytes[index]))
            try await blobs.read(index) { try await write($0) }
            try await endKey()
        }
    }
}
