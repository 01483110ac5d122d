import Catalog

extension StoreRepair {
    /// Replaces what the catalog keeps as JSON and that cannot be read, and tells of it.
    func replaceUnreadable(_ rebuild: CatalogRebuild) throws {
        let settings = try rebuild.replaceSettings(by: JSON.encode(ModelSettings())) { JSON.decode($0) as ModelSettings? != nil }
        report.remarks += settings.map { "the settings of `\($0)` could not be read and are the defaults now" }
        let keys = try rebuild.revokeAPIKeys(unless: { (try? APIKey($0)) != nil }, emptyJSON: "{}")
        report.remarks += keys.map { "the rights of API key `\($0)` could not be read: it is revoked; make another" }
        let operations = try rebuild.removeOperations { (try? OperationRecord($0)) != nil }
        report.remarks += operations.map { "the record of operation `\($0)` could not be read and is removed" }
        for dataset in try rebuild.datasetDeclarations() { try agree(dataset, rebuild) }
    }

    /// A dataset's keys stand in the catalog twice: the declaration, and the names by which the entries are found.
    private func agree(_ dataset: CatalogRebuild.DatasetDeclaration, _ rebuild: CatalogRebuild) throws {
        if let declared: [ParameterDefinition] = JSON.decode(dataset.keysJSON), !declared.isEmpty {
            guard dataset.keyNames != declared.map(\.name) else { return }
            try rebuild.declare(keys: declared.map(\.name), json: dataset.keysJSON, ofDataset: dataset.publicID)
            report.remarks.append("the names of the keys of dataset `\(dataset.publicID)` were damaged and are those of its declaration")
            return
        }
        let count = max(dataset.keyNames.count, (dataset.firstItems.keys.max() ?? -1) + 1, 1)
        let declared = (0..<count).map { index in
            let name = dataset.keyNames.indices.contains(index) ? dataset.keyNames[index] : nil
            let shape: [Int] = dataset.firstItems[index].flatMap { JSON.decode($0.shapeJSON) } ?? []
            return ParameterDefinition(name: name ?? "key \(index)", shape: shape.map { _ in -1 })
        }
        try rebuild.declare(keys: declared.map(\.name), json: JSON.encode(declared), ofDataset: dataset.publicID)
        report.remarks.append("the keys of dataset `\(dataset.publicID)` could not be read and are declared after its first entry now")
    }
}
