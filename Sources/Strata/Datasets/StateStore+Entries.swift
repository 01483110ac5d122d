import Catalog
import ContentStore
import Foundation

extension StateStore {
    /// Adds the entries that `body` writes behind those of a folder: all or none. Memory stays bounded whatever an item's size.
    ///
    /// - Parameters:
    ///   - count: how many entries `body` will write, where that is known: what is refused for it is refused before anything is written.
    ///   - expectedVersionID: refuses with `incorrect_version_id` when somebody changed the dataset meanwhile; checked at once,
    ///     and again in the transaction that adds.
    ///   - entriesMax: the most entries that the folder may have then.
    /// - Returns: the dataset's new version.
    /// - Throws: `dataset_not_found`, `incorrect_version_id` with `datasetVersionId` in its context, `limit_exceeded`,
    ///   `invalid_parameter`; what `body` throws.
    @discardableResult
    public func addEntries(
        _ count: Int = 0, to id: DatasetID, in folder: Dataset.Folder = .entries, expectedVersionID: String? = nil,
        entriesMax: Int = .max, _ body: (EntriesWriter) async throws -> Void
    ) async throws -> String {
        try await ingesting(into: id, body) { entries, packs in
            EntriesCommit(
                datasetID: id.rawValue, folder: EntryFolder(folder), entries: entries, packs: packs,
                expectedVersionID: expectedVersionID, newVersionID: Self.newVersionID(), entriesMax: entriesMax)
        } check: {
            try await catalog.checkRoom(
                forEntries: count, inDataset: id.rawValue, folder: EntryFolder(folder), expectedVersionID: expectedVersionID,
                entriesMax: entriesMax)
        }.versionID
    }

    /// Takes entries out of those that need review and adds as many that `body` writes to the finished ones, in one transaction.
    ///
    /// - Parameter indexes: positions among the entries that need review; none twice. What stands behind them moves up.
    /// - Throws: as `addEntries` and `removeEntries`; `invalid_parameter` when `body` writes another number of entries.
    public func finalizeNeedsReview(
        at indexes: [Int], of id: DatasetID, expectedVersionID: String? = nil, entriesMax: Int = .max,
        _ body: (EntriesWriter) async throws -> Void
    ) async throws -> EntriesChange {
        try Self.requireDifferent(indexes)
        return try await ingesting(into: id, body) { entries, packs in
            guard entries.count == indexes.count else {
                throw StrataError.invalidParameter(
                    "indexes", "\(indexes.count) indexes were given and \(entries.count) entries; give as many of one as of the other")
            }
            return EntriesCommit(
                datasetID: id.rawValue, entries: entries, packs: packs, removed: (.needsReview, indexes),
                expectedVersionID: expectedVersionID, newVersionID: Self.newVersionID(), entriesMax: entriesMax)
        } check: {
            try await catalog.checkRoom(
                forEntries: indexes.count, inDataset: id.rawValue, folder: .finished, expectedVersionID: expectedVersionID,
                entriesMax: entriesMax)
        }
    }

    private func ingesting(
        into id: DatasetID, _ body: (EntriesWriter) async throws -> Void,
        commit plan: ([[ItemInsertion]], [SealedPack]) throws -> EntriesCommit, check: () async throws -> Void
    ) async throws -> EntriesChange {
        _ = try writing()
        return try await holdingHorizon { horizon in
            try await check()
            let dataset = try await dataset(id)
            let session = try ingestSession(horizon: horizon)
            let commit: EntriesCommit
            do {
                let writer = EntriesWriter(session: session, keys: dataset.keys)
                try await body(writer)
                let (entries, packs) = try await writer.close()
                commit = try plan(entries, packs)
            } catch {
                await session.abandon()
                throw Self.inOurWords(error)
            }
            var removedBytes: Int64 = 0
            try await self.commit(session) { removedBytes = try await catalog.commitEntries(commit) }
            return EntriesChange(versionID: commit.newVersionID, removedBytes: removedBytes)
        }
    }

    /// Takes entries away, all or none; what stands behind them moves up.
    ///
    /// - Parameter indexes: none twice.
    /// - Throws: `dataset_not_found`, `incorrect_version_id`, `index_out_of_range`, `invalid_parameter`.
    /// - Complexity: a row for each tensor behind the first that goes; memory for the indexes only.
    @discardableResult
    public func removeEntries(
        at indexes: [Int], of id: DatasetID, in folder: Dataset.Folder = .entries, expectedVersionID: String? = nil
    ) async throws(StrataError) -> EntriesChange {
        try await translating {
            _ = try writing()
            try Self.requireDifferent(indexes)
            let version = Self.newVersionID()
            let bytes = try await catalog.commitEntries(
                EntriesCommit(
                    datasetID: id.rawValue, removed: (EntryFolder(folder), indexes), expectedVersionID: expectedVersionID,
                    newVersionID: version))
            return EntriesChange(versionID: version, removedBytes: bytes)
        }
    }

    /// Appends entries that lie in memory, all or none.
    ///
    /// - Parameters:
    ///   - entries: each has exactly the dataset's keys, with items that fit their rules.
    ///   - expectedVersionID: refuses with `incorrect_version_id` when somebody changed the dataset meanwhile.
    /// - Returns: the dataset's new version.
    @discardableResult
    public func appendEntries(
        _ entries: [[String: Item]], to id: DatasetID, expectedVersionID: String? = nil
    ) async throws(StrataError) -> String {
        try await translating {
            _ = try writing()
            let dataset = try await dataset(id)
            for (number, entry) in entries.enumerated() { try Self.check(entry, number, of: dataset) }
            return try await addEntries(entries.count, to: id, expectedVersionID: expectedVersionID) { writer in
                for entry in entries {
                    for key in dataset.keys { try await writer.write(key.name, entry[key.name]!) }
                }
            }
        }
    }

    private static func newVersionID() -> String { UUID().uuidString.lowercased() }

    private static func requireDifferent(_ indexes: [Int]) throws(StrataError) {
        var seen: Set<Int> = []
        for index in indexes where !seen.insert(index).inserted {
            throw .invalidParameter("indexes", "the index \(index) is given more than once; give each once")
        }
    }

    private static func check(_ entry: [String: Item], _ number: Int, of dataset: Dataset) throws(StrataError) {
        guard entry.keys.sorted() == dataset.keys.map(\.name).sorted() else {
            throw .invalidParameter(
                "keys",
                "entry \(number) has the keys \(entry.keys.sorted()), the dataset has \(dataset.keys.map(\.name).sorted()); give exactly those")
        }
        for key in dataset.keys {
            if let misfit = key.misfit(elementType: entry[key.name]!.elementType, shape: entry[key.name]!.shape) {
                throw .invalidParameter("keys", "the item of entry \(number) under `\(key.name)` \(misfit)")
            }
        }
    }
}

extension EntryFolder {
    init(_ folder: Dataset.Folder) {
        switch folder {
        case .entries: self = .finished
        case .needsReview: self = .needsReview
        }
    }
}
