/// Removes packs that no catalog names any more.
public struct PackRemover: Sendable {
    private let folder: PackFolder

    public init(packsFolder: String, disk: any StoreDisk) { folder = PackFolder(disk: disk, path: packsFolder) }

    /// Removes the files and makes that durable; files that are gone already are no error. Blocks: call it on a worker.
    ///
    /// - Precondition: that no row names the packs is durable.
    /// - Complexity: an unlink a pack and a sync of each of their folders.
    public func remove(_ names: [PackName]) throws(ContentError) {
        var folders: Set<String> = []
        for name in names {
            try folder.disk.remove(folder.path(of: name))
            folders.insert(folder.path + "/" + name.relativeFolder)
        }
        for path in folders.sorted() where try folder.disk.status(path) != nil { try folder.disk.syncDirectory(path) }
    }
}

extension ChunkReader {
    /// Closes the packs that are open: an unlinked file takes room as long as somebody has it open. They open again when
    /// they are read. Other processes close theirs as their caches turn over.
    public func releasePacks() { closePacks() }
}
