import DecthingsAPI
import Strata

extension APIService {
    /// The methods of the Dataset API.
    func performDataset(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .createDataset: try await createDataset(call, sink)
        case .updateDataset: try await updateDataset(call, sink)
        case .deleteDataset: try await deleteDataset(call, sink)
        case .getDatasets: try await getDatasets(call, sink)
        case .addEntries: try await addEntries(call, to: .entries, sink)
        case .addEntriesToNeedsReview: try await addEntries(call, to: .needsReview, sink)
        case .finalizeNeedsReviewEntries: try await finalizeNeedsReviewEntries(call, sink)
        case .getEntries: try await getEntries(call, from: .entries, sink)
        case .getNeedsReviewEntries: try await getEntries(call, from: .needsReview, sink)
        case .removeEntries: try await removeEntries(call, sink)
        case .removeNeedsReviewEntries: try await removeNeedsReviewEntries(call, sink)
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }

    private func createDataset(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: CreateDatasetParams.self)
        try call.caller.requireRightToCreate()
        // No parameter names an organization; a name with a slash is understood as one that does not exist.
        guard !params.name.contains("/") else { throw APIError(.organizationNotFound) }
        let dataset = try await store.createDataset(
            named: params.name, keys: params.keys.map(Strata.ParameterDefinition.init(key:)), description: params.description,
            isPublic: params.publicAccess ?? false, tags: (params.tags ?? []).map { Strata.Tag($0.tag, $0.value) })
        try await sink.answer(CreateDatasetResult(datasetId: dataset.id.rawValue, datasetVersionId: dataset.versionID))
    }

    private func updateDataset(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: UpdateDatasetParams.self)
        let dataset = try await dataset(params.datasetId, for: call, needing: .readwrite)
        let properties = params.properties
        guard properties.name?.contains("/") != true else {
            throw APIError.invalidParameter("properties", "the name holds a slash; names of datasets have none")
        }
        let change = DatasetChange(
            name: properties.name, description: properties.description, isPublic: properties.publicAccess,
            tags: properties.tags.map { $0.map { Strata.Tag($0.tag, $0.value) } })
        try await naming("properties") { try await store.updateDataset(dataset.id, change) }
        try await sink.answer(EmptyResult())
    }

    private func deleteDataset(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: DatasetParams.self)
        let dataset = try await dataset(params.datasetId, for: call, needing: .admin)
        try await store.deleteDataset(dataset.id)
        try await sink.answer(EmptyResult())
    }

    private func getDatasets(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ListParams.self)
        let (offset, limit) = try params.page()
        var filter = try datasetFilter(params)
        if call.caller.right == nil { filter.visibleIDs = Array(call.caller.rightsByID.keys) }
        // The store lists at least one.
        let page = try await store.datasetListings(filter, offset: offset, limit: max(limit, 1))
        let datasets = page.items.prefix(limit).map { listing in
            DecthingsAPI.Dataset(
                listing, owner: .user(id: options.ownerID, name: options.ownerName),
                access: call.caller.access(to: listing.dataset))
        }
        try await sink.answer(GetDatasetsResult(datasets: datasets, total: page.total, offset: offset, limit: limit))
    }

    private func datasetFilter(_ params: ListParams) throws(APIError) -> Strata.ListFilter {
        var filter = Strata.ListFilter()
        if let given = params.filter {
            filter.ids = given.ids
            filter.names = given.names
            filter.tags = (given.tags ?? []).map { Strata.Tag($0.tag, $0.value) }
            filter.searchName = given.searchName
            // Everything belongs to the one owner that clients see.
            if let owners = given.owners, !owners.contains(where: { $0 == options.ownerID || $0 == options.ownerName }) {
                filter.owners = []
            }
        }
        switch params.sort {
        case nil, "createdAt": filter.sort = .createdAt
        case "name": filter.sort = .name
        case let field?: throw .invalidParameter("sort", "cannot sort by `\(field.prefix(64))`; sort by createdAt or name")
        }
        filter.isAscending = params.sortDirection == .ascending
        return filter
    }
}

extension Caller {
    fileprivate func access(to dataset: Strata.Dataset) -> Access {
        (right(to: dataset.id.rawValue, isPublic: dataset.isPublic) ?? .read) >= .readwrite ? .readwrite : .read
    }
}
