import DecthingsAPI
import Strata

extension APIService {
    func addEntries(_ call: Call, to folder: Strata.Dataset.Folder, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: AddEntriesParams.self)
        let dataset = try await dataset(params.datasetId, for: call, needing: .readwrite)
        let intake = try EntryIntake(call, receivedKeys: params.keys, dataset: dataset, limits: options.datasets)
        let version = try await store.addEntries(
            intake.entryCount, to: dataset.id, in: folder, expectedVersionID: params.datasetVersionId,
            entriesMax: options.datasets.entriesMax, intake.write)
        try await sink.answer(AddEntriesResult(newDatasetVersionId: version))
    }

    func finalizeNeedsReviewEntries(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FinalizeNeedsReviewEntriesParams.self)
        let dataset = try await dataset(params.datasetId, for: call, needing: .readwrite)
        let intake = try EntryIntake(
            call, receivedKeys: params.keys ?? dataset.keys.map(\.name), dataset: dataset, limits: options.datasets)
        guard intake.entryCount == params.indexes.count else {
            throw APIError.invalidParameter(
                "indexes", "\(params.indexes.count) indexes were given and \(intake.entryCount) entries; give as many of one as of the other")
        }
        let change: EntriesChange
        do {
            change = try await store.finalizeNeedsReview(
                at: params.indexes, of: dataset.id, expectedVersionID: params.datasetVersionId,
                entriesMax: options.datasets.entriesMax, intake.write)
        } catch let error as StrataError where error.code == .limitExceeded {
            // This method has no code for a limit.
            throw APIError(.quotaExceeded)
        }
        try await sink.answer(
            FinalizeNeedsReviewEntriesResult(
                newDatasetVersionId: change.versionID, removedBytesFromNeedsReview: change.removedBytes))
    }

    func removeEntries(_ call: Call, _ sink: any AnswerSink) async throws {
        let change = try await removed(call, from: .entries)
        // Nothing waits: what is removed is gone at once.
        try await sink.answer(
            RemoveEntriesResult(
                newDatasetVersionId: change.versionID, removedBytes: change.removedBytes, newWaitingToRemoveBytes: 0,
                newWaitingToRemoveAmount: 0))
    }

    func removeNeedsReviewEntries(_ call: Call, _ sink: any AnswerSink) async throws {
        let change = try await removed(call, from: .needsReview)
        try await sink.answer(
            RemoveNeedsReviewEntriesResult(newDatasetVersionId: change.versionID, removedBytes: change.removedBytes))
    }

    private func removed(_ call: Call, from folder: Strata.Dataset.Folder) async throws -> EntriesChange {
        let params = try call.params(as: RemoveEntriesParams.self)
        let dataset = try await dataset(params.datasetId, for: call, needing: .readwrite)
        do {
            return try await store.removeEntries(
                at: params.entries, of: dataset.id, in: folder, expectedVersionID: params.datasetVersionId)
        } catch {
            guard error.code == .invalidParameter else { throw error }
            throw APIError.invalidParameter("entries", error.message)
        }
    }
}
