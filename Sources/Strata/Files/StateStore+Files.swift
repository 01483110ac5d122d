import Catalog
import ContentStore

extension StateStore {
    /// Changes a model's files: everything that `body` asks for, or nothing.
    ///
    /// Snapshots and mounts keep the files that they have. Contents are deduplicated and compressed like states.
    ///
    /// - Parameter replacingAll: removes first what is there.
    /// - Throws: `model_not_found`, `access_denied` (the model runs a snapshot's code), `file_not_found`, `not_a_directory`,
    ///   `is_a_directory`, `directory_not_empty`, `not_enough_space`, `invalid_parameter` (paths).
    public func changeFiles(
        of model: ModelID, replacingAll: Bool = false, _ body: (FilesWriter) async throws -> Void
    ) async throws {
        _ = try writing()
        try await holdingHorizon { horizon in
            guard try await catalog.model(id: model.rawValue) != nil else { throw StrataError.modelNotFound(model) }
            let session = try ingestSession(horizon: horizon)
            let commit: FilesCommit
            do {
                let writer = FilesWriter(session: session)
                try await body(writer)
                let (changes, packs) = try await writer.close()
                commit = FilesCommit(
                    modelID: model.rawValue, replacesAll: replacingAll, changes: changes, packs: packs,
                    nowNanoseconds: Clock.milliseconds() * 1_000_000)
            } catch {
                await session.abandon()
                throw Self.inOurWords(error)
            }
            try await self.commit(session) { try await catalog.commitFiles(commit) }
        }
    }

    /// A model's whole tree, parents before their children. For a model based on a snapshot, the snapshot's files.
    public func files(of model: ModelID) async throws(StrataError) -> [ModelFile] {
        try await translating {
            try checkOpen()
            return try await storedFiles(of: model).list()
        }
    }

    public func files(ofSnapshot snapshot: SnapshotID, of model: ModelID) async throws(StrataError) -> [ModelFile] {
        try await translating {
            try checkOpen()
            return try await storedFiles(ofSnapshot: snapshot, of: model).list()
        }
    }

    /// Reads a file's content into memory.
    public func fileBytes(
        at path: String, of model: ModelID, snapshot: SnapshotID? = nil
    ) async throws(StrataError) -> [UInt8] {
        try await translating {
            try await holdingHorizon { _ in
                var bytes: [UInt8] = []
                let files = snapshot.map { storedFiles(ofSnapshot: $0, of: model) } ?? storedFiles(of: model)
                try await files.read(path) { bytes.append(contentsOf: $0) }
                return bytes
            }
        }
    }

    /// Writes a model's (or a snapshot's) files below an empty local folder.
    public func layOutFiles(
        of model: ModelID, snapshot: SnapshotID? = nil, in folder: String
    ) async throws(StrataError) {
        try await translating {
            try await holdingHorizon { _ in
                let files = snapshot.map { storedFiles(ofSnapshot: $0, of: model) } ?? storedFiles(of: model)
                try await files.layOut(in: folder)
            }
        }
    }

    func storedFiles(of model: ModelID) -> StoredFiles {
        let catalog = catalog
        return StoredFiles(
            rows: { try await catalog.files(ofModel: model.rawValue) }, catalog: catalog, reader: reader)
    }

    func storedFiles(ofSnapshot snapshot: SnapshotID, of model: ModelID) -> StoredFiles {
        let catalog = catalog
        return StoredFiles(
            rows: { try await catalog.files(ofSnapshot: snapshot.rawValue, model: model.rawValue) }, catalog: catalog,
            reader: reader)
    }

    func storedFiles(_ filesystem: FilesystemID) -> StoredFiles {
        let catalog = catalog
        return StoredFiles(rows: { try await catalog.files(of: filesystem) }, catalog: catalog, reader: reader)
    }
}
