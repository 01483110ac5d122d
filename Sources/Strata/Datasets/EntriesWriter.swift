import Catalog
import ContentStore
import Synchronization

/// Takes new entries of a dataset in, one tensor after another: an entry is begun by the first of its keys and ended by the
/// last, in any order. They become visible together. One task at a time may use it.
public final class EntriesWriter: Sendable {
    private struct Progress {
        /// Of the items that were begun, and where each belongs: entry and key.
        var items: [(elementType: String, shapeJSON: String)] = []
        var places: [[Int?]] = []
        var missingKeys = 0
        var finished: [ValueWriter.Finished] = []
        var current: ValueWriter?
    }

    private let session: IngestSession
    private let keys: [ParameterDefinition]
    private let progress = Mutex(Progress())

    init(session: IngestSession, keys: [ParameterDefinition]) {
        self.session = session
        self.keys = keys
    }

    /// Writes a whole item.
    public func write(_ key: String, _ item: Item) async throws {
        try begin(key, elementType: item.elementType, shape: item.shape)
        try await write(item.bytes[...])
        try await end()
    }

    /// Begins an item whose bytes come piece by piece; `write(_:)` and `end()` follow.
    ///
    /// - Throws: `invalid_parameter` when the item does not fit the key's rules, or the entry has the key already.
    public func begin(_ key: String, elementType: String, shape: [Int]) throws(StrataError) {
        guard let index = keys.firstIndex(where: { $0.name == key }) else {
            throw .invalidParameter("keys", "the dataset has no key `\(key)`; it has \(keys.map(\.name).joined(separator: ", "))")
        }
        try progress.withLock { progress throws(StrataError) in
            precondition(progress.current == nil, "an item is ended before the next is begun")
            let isNew = progress.missingKeys == 0
            let number = isNew ? progress.places.count : progress.places.count - 1
            if let misfit = keys[index].misfit(elementType: elementType, shape: shape) {
                throw .invalidParameter("keys", "the item of entry \(number) under `\(key)` \(misfit)")
            }
            if isNew {
                progress.places.append(Array(repeating: nil, count: keys.count))
                progress.missingKeys = keys.count
            }
            guard progress.places[number][index] == nil else {
                throw .invalidParameter("keys", "entry \(number) was given the key `\(key)` twice; give each key once")
            }
            progress.places[number][index] = progress.items.count
            progress.missingKeys -= 1
            progress.current = session.beginValue(number: progress.items.count, base: nil)
            progress.items.append((elementType, JSON.encode(shape)))
        }
    }

    /// Appends bytes to the item that was begun; waits while the store is behind.
    public func write(_ bytes: ArraySlice<UInt8>) async throws { try await current.write(bytes) }

    public func end() async throws {
        let finished = try await current.finish()
        progress.withLock { progress in
            progress.finished.append(finished)
            progress.current = nil
        }
    }

    private var current: ValueWriter {
        progress.withLock { progress in
            guard let current = progress.current else { preconditionFailure("an item is begun before it is written") }
            return current
        }
    }

    /// Seals what was written.
    func close() async throws -> (entries: [[ItemInsertion]], packs: [SealedPack]) {
        let taken = progress.withLock { $0 }
        precondition(taken.current == nil, "an item is ended before its writer is closed")
        guard taken.missingKeys == 0 else {
            throw StrataError.invalidParameter(
                "keys", "entry \(taken.places.count - 1) lacks \(taken.missingKeys) of the dataset's \(keys.count) keys; give each")
        }
        let (packs, values) = try await session.finish(values: taken.finished) { _ in [] }
        let entries = taken.places.map { places in
            places.map { place in
                let (elementType, shapeJSON) = taken.items[place!]
                return ItemInsertion(content: values[place!], elementType: elementType, shapeJSON: shapeJSON)
            }
        }
        return (entries, packs)
    }
}
