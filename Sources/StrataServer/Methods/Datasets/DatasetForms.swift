import DecthingsAPI
import Strata

/// Datasets in the API's words.

extension Strata.ParameterDefinition {
    /// A key of a dataset.
    init(key: DecthingsAPI.ParameterDefinition) {
        self.init(
            name: key.name, required: key.required, shape: key.rules.shape, allowedTypes: key.rules.allowedTypes.map(\.name),
            annotations: key.rules.annotations)
    }
}

extension DecthingsAPI.Dataset {
    init(_ listing: DatasetListing, owner: Owner, access: Access) {
        let dataset = listing.dataset
        self.init(
            id: dataset.id.rawValue, name: dataset.name, description: dataset.description, publicAccess: dataset.isPublic,
            createdAt: dataset.createdAtMilliseconds, tags: dataset.tags.map { DecthingsAPI.Tag(tag: $0.tag, value: $0.value) },
            owner: owner, access: access,
            keys: dataset.keys.map { key in
                DecthingsAPI.ParameterDefinition(
                    name: key.name, required: key.required,
                    rules: ParameterRules(
                        shape: key.shape, allowedTypes: key.allowedTypes.compactMap(ElementType.init(name:)),
                        annotations: key.annotations))
            },
            entries: EntryTotals(dataset.entries), needsReviewEntries: EntryTotals(listing.needsReview),
            // Removed entries are gone at once.
            entriesWaitingToBeDeleted: EntryTotals(count: 0, totalByteSize: 0), versionId: dataset.versionID)
    }
}

extension EntryTotals {
    fileprivate init(_ totals: Strata.Dataset.Totals) {
        self.init(count: totals.count, totalByteSize: totals.sizeBytes)
    }
}
