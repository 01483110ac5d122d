import Catalog

/// How full a model's files are.
public struct FilesUsage: Hashable, Sendable {
    /// What space is counted in.
    public static let blockBytes: Int64 = 4096

    public let sizeMebibytes: Int64
    /// Blocks that the contents of the files take.
    public let usedBlocks: Int64
    /// Files, directories and links, the root directory among them.
    public let inodes: Int64
}

extension StateStore {
    /// How full the files of a model's code are, its own or those of the snapshot that it is based on.
    ///
    /// - Throws: `model_not_found`, `snapshot_no_longer_exists`.
    /// - Complexity: one read transaction, a row for each file.
    public func filesUsage(of model: ModelID) async throws(StrataError) -> FilesUsage {
        try await translating {
            try checkOpen()
            let usage = try await catalog.filesUsage(ofModel: model.rawValue, blockBytes: FilesUsage.blockBytes)
            return FilesUsage(sizeMebibytes: usage.sizeMebibytes, usedBlocks: usage.blocks, inodes: usage.inodes)
        }
    }
}
