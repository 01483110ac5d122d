import Catalog
import ContentStore

/// What belongs to a model beside its states: its description, files and snapshots, and which state is active.
extension StoreCopy {
    static func insertion(_ model: ModelRow) -> ModelInsertion {
        ModelInsertion(
            publicID: model.publicID, owner: model.owner, name: model.name, description: model.description,
            publicAccess: model.publicAccess, createdAt: model.createdAt, settingsJSON: model.settingsJSON, tags: model.tags,
            origin: .empty(filesystemSizeMebibytes: model.filesystemSizeMebibytes ?? ModelOptions().filesystemSizeMebibytes),
            initialStateID: StateID.random().rawValue)
    }

    /// For a model of which no state could be copied: there is always an active one.
    func emptyState(of model: ModelRow) -> StateCommit {
        StateCommit(
            modelID: model.publicID, stateID: StateID.random().rawValue, name: Catalog.initialStateName, createdAt: model.createdAt,
            baseState: nil, lineageJSON: "[]", mountsJSON: "[]", keys: [], packs: [], makeActive: true, deleteStates: [], endsCreation: false)
    }

    func makeModel(_ model: ModelRow, state: StateCommit) async throws {
        try await destination.catalog.importModel(Self.insertion(model), basedOn: model.basedOn, state: state)
    }

    /// Lets the destination's active state be the source's, where that was among what was asked for and is there.
    func activate(_ model: ModelRow, among states: [StateID]?) async throws {
        guard states?.contains(where: { $0.rawValue == model.activeState }) ?? true,
            let state = try await destination.catalog.state(id: model.activeState, model: model.publicID), !state.isActive
        else { return }
        try await destination.catalog.activateState(id: model.activeState, model: model.publicID)
    }

    func updateDescription(_ model: ModelRow) async throws {
        guard let there = try await destination.catalog.model(id: model.publicID) else { throw StrataError.modelNotFound(ModelID(unchecked: model.publicID)) }
        let change = DescriptionChange(
            name: there.name == model.name ? nil : model.name, description: there.description == model.description ? nil : model.description,
            publicAccess: there.publicAccess == model.publicAccess ? nil : model.publicAccess, tags: there.tags == model.tags ? nil : model.tags,
            settingsJSON: there.settingsJSON == model.settingsJSON ? nil : model.settingsJSON)
        let isSame = change.name == nil && change.description == nil && change.publicAccess == nil && change.tags == nil && change.settingsJSON == nil
        if !isSame { try await destination.catalog.updateModel(id: model.publicID, change) }
    }

    // MARK: files

    /// What two equal files have in common, wherever they lie.
    private struct FileContent: Equatable {
        let path: [UInt8]
        let mode: UInt32
        let target: [UInt8]?
        let digest: Digest?
    }

    private func contents(_ files: [FileRow], in store: StateStore) async throws -> [FileContent] {
        var contents: [FileContent] = []
        for file in files {
            var digest: Digest?
            if let value = file.value { digest = try await store.catalog.value(value)?.digest }
            contents.append(FileContent(path: file.path, mode: file.mode, target: file.symlinkTarget, digest: digest))
        }
        return contents
    }

    /// Makes the destination's files those of the source, where they differ. A model that runs a snapshot's code has none.
    mutating func copyFiles(of model: ModelRow) async throws {
        guard let sizeMebibytes = model.filesystemSizeMebibytes else { return noteMissingCode(try await missingCode(of: model)) }
        guard let there = try await destination.catalog.model(id: model.publicID)?.filesystemSizeMebibytes else { return }
        let files = try await source.catalog.files(ofModel: model.publicID)
        let old = try await contents(try await destination.catalog.files(ofModel: model.publicID), in: destination)
        if there < sizeMebibytes { try await destination.catalog.setFilesystemSize(ofModel: model.publicID, mebibytes: sizeMebibytes) }
        guard try await contents(files, in: source) != old else { return }
        let (copy, destination) = (self, destination)
        do {
            try await ingesting { transfer in
                try await copy.take(files, transfer)
                let (packs, values) = try await transfer.finish()
                let commit = FilesCommit(
                    modelID: model.publicID, replacesAll: true, changes: Self.changes(files, values), packs: packs,
                    nowNanoseconds: Clock.milliseconds() * 1_000_000)
                return (commit, packs)
            } commit: { try await destination.catalog.commitFiles($0) }
        } catch let error as StrataError where error.code == .corrupted {
            report.failures.append(
                .init(
                    modelID: ModelID(unchecked: model.publicID), stateID: nil, snapshotID: nil,
                    message: "the files of model `\(model.publicID)`: \(error.message)"))
            return
        }
        report.copiedFileTrees += 1
    }

    private func missingCode(of model: ModelRow) async throws -> BasedOnRow? {
        guard let basedOn = model.basedOn else { return nil }
        return try await destination.catalog.snapshot(id: basedOn.snapshotID, model: basedOn.modelID) == nil ? basedOn : nil
    }

    private mutating func noteMissingCode(_ basedOn: BasedOnRow?) {
        guard let basedOn else { return }
        report.remarks.append("a copied model runs the code of snapshot `\(basedOn.snapshotID)` of model `\(basedOn.modelID)`; copy that model too")
    }

    private func take(_ files: [FileRow], _ transfer: ValueTransfer) async throws {
        for file in files where Self.isRegular(file) {
            guard let value = file.value else {
                transfer.addEmpty()
                continue
            }
            let source = ValueSource(id: value, catalog: source.catalog, reader: source.reader)
            try await transfer.add(value) { .none } read: { consume in try await source.read(0..<file.sizeBytes, consume) }
        }
    }

    private static func isRegular(_ file: FileRow) -> Bool { ModelFile(file).kind == .file }

    /// - Parameter values: of the regular files, in their order.
    private static func changes(_ files: [FileRow], _ values: some Sequence<IngestedValue>) -> [FileChange] {
        var values = values.makeIterator()
        return files.compactMap { file in
            let path = file.path.split(separator: UInt8(ascii: "/")).map(Array.init)
            let permissions = file.mode & 0o7777
            if let target = file.symlinkTarget { return .symlink(path: path, target: target) }
            guard isRegular(file) else { return .directory(path: path, permissions: permissions) }
            return values.next().map { .file(path: path, permissions: permissions, content: $0) }
        }
    }

    // MARK: snapshots

    mutating func copySnapshot(_ snapshot: SnapshotRow) async throws {
        if try await destination.catalog.snapshot(id: snapshot.publicID, model: snapshot.modelID) != nil {
            report.presentSnapshots += 1
            return
        }
        let (copy, destination) = (self, destination)
        let what = "snapshot `\(snapshot.publicID)` of model `\(snapshot.modelID)`"
        do {
            // Deleted since it was listed: nothing to copy.
            guard try await source.catalog.snapshot(id: snapshot.publicID, model: snapshot.modelID) != nil else { return }
            let files = try await source.catalog.files(ofSnapshot: snapshot.publicID, model: snapshot.modelID)
            try await ingesting { transfer in
                let context = ["modelId": snapshot.modelID, "snapshotId": snapshot.publicID]
                try await copy.take(snapshot.keys, what, context, base: nil, transfer)
                try await copy.take(files, transfer)
                let (packs, values) = try await transfer.finish()
                let count = snapshot.keys.count
                let commit = SnapshotCommit(
                    snapshot, keys: Array(zip(snapshot.keys.map(\.key), values.prefix(count))),
                    files: Self.changes(files, values.dropFirst(count)), packs: packs)
                return (commit, packs)
            } commit: { try await destination.catalog.importSnapshot($0) }
        } catch let error as StrataError where error.code == .corrupted {
            report.failures.append(
                .init(
                    modelID: ModelID(unchecked: snapshot.modelID), stateID: nil, snapshotID: SnapshotID(unchecked: snapshot.publicID),
                    message: error.message))
            return
        }
        report.copiedSnapshots += 1
    }
}
