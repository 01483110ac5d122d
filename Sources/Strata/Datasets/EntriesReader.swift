import Catalog
import ContentStore

/// Which entries of a dataset to read; those that are not there are passed over.
public enum EntrySelection: Hashable, Sendable {
    /// Order and repeats are kept.
    case indexes([Int])
    case range(Range<Int>)
}

/// Reads entries as they stood when it was made. They cannot vanish before the closure that got it returns.
public struct EntriesReader: Sendable {
    /// The dataset's keys in its own order.
    public let keys: [ParameterDefinition]
    /// The positions of the entries that were found, as they were asked for.
    public let indexes: [Int]
    let items: [EntryItemRow]
    let context: [String: String]
    let catalog: Catalog
    let reader: ChunkReader

    /// - Parameters:
    ///   - entry: counts `indexes`.
    ///   - key: counts `keys`.
    private func item(_ entry: Int, _ key: Int) -> EntryItemRow { items[entry * keys.count + key] }

    public func sizeBytes(entry: Int, key: Int) -> Int64 { item(entry, key).sizeBytes }

    /// An element type's name, such as `f32`.
    public func elementType(entry: Int, key: Int) -> String { item(entry, key).elementType }

    /// Streams an item's bytes in order, in bounded memory.
    ///
    /// - Parameter consume: gets pieces of at most 1 MiB or one chunk. What it throws passes through unchanged.
    /// - Throws: `corrupted`.
    public func read(entry: Int, key: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let item = item(entry, key)
        do {
            try await ValueSource(id: item.value, catalog: catalog, reader: reader).readAll(item.sizeBytes, consume)
        } catch let error as ContentError {
            let wrapped = StrataError.wrapping(error)
            let context = context.merging(["entry": "\(indexes[entry])", "key": keys[key].name]) { mine, _ in mine }
            throw StrataError(
                wrapped.code, "entry \(indexes[entry]), key `\(keys[key].name)`: \(error.message)",
                context: context.merging(wrapped.context) { mine, _ in mine }, cause: error)
        }
    }
}

extension StateStore {
    /// The most tensors that are read at once.
    public static let entryItemsMax = 1 << 20

    /// Reads entries of one moment.
    ///
    /// - Parameter expectedVersionID: refuses with `incorrect_version_id` when the dataset has another.
    /// - Throws: `dataset_not_found`, `incorrect_version_id`, `limit_exceeded` above `entryItemsMax` tensors; what `body` throws.
    /// - Complexity: about 50 bytes of memory a tensor, however large it is.
    public func withEntries<Result>(
        _ selection: EntrySelection, of id: DatasetID, in folder: Dataset.Folder = .entries, expectedVersionID: String? = nil,
        _ body: (EntriesReader) async throws -> Result
    ) async throws -> Result {
        try await holdingHorizon { _ in
            let dataset = try await dataset(id)
            let rows = try await catalog.entries(
                ofDataset: id.rawValue, in: EntryFolder(folder), EntryChoice(selection), expectedVersionID: expectedVersionID,
                itemsMax: Self.entryItemsMax)
            return try await body(
                EntriesReader(
                    keys: dataset.keys, indexes: rows.positions, items: rows.items, context: ["datasetId": id.rawValue],
                    catalog: catalog, reader: reader))
        }
    }
}

extension EntryChoice {
    fileprivate init(_ selection: EntrySelection) {
        switch selection {
        case .indexes(let indexes): self = .positions(indexes)
        case .range(let range): self = .range(range)
        }
    }
}
