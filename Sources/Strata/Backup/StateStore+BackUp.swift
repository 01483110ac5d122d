public import ContentStore

extension StateStore {
    /// Copies the store, as it is at one moment, to a folder that holds a backup of it, or to a new or empty one.
    ///
    /// Runs beside readers, writers and maintenance of any process. A backup is a store that is opened for reading only:
    /// it can be read, verified, repaired, backed up again, and restored. Packs are immutable, so only those are copied that
    /// the backup lacks, each checked byte by byte on the way. The catalog comes last: a backup that is cut off leaves the one
    /// before as it was, and the packs that it copied are not copied again. What the store no longer needs is removed
    /// after that. Sessions, mounts and running creations do not go along, nor what was deleted.
    ///
    /// - Parameters:
    ///   - dryRun: only tells what would be copied and removed. It works in the system's folder for temporary files.
    ///   - disk: through what the backup's folder is reached.
    ///   - progress: called now and then, from any thread.
    /// - Throws: `corrupted` when the catalog or packs of the store are damaged: what is sound was copied, and the backup stays
    ///   as it was before; `invalid_parameter` (a folder that holds something else, or lies in the store's), `conflict` (another
    ///   backup into the folder runs), `no_space`, `io`, `cancelled`.
    /// - Complexity: a pass over the catalog to copy it, one to check it, one for the second copy; a status for each pack
    ///   of the backup; a pass over each new pack, and an fsync each. Memory of some MiB and a new pack's directory. What is
    ///   deleted meanwhile is collected only after it.
    public func backUp(
        to path: String, dryRun: Bool = false, on disk: any StoreDisk = LocalDisk(), progress: (@Sendable (BackupProgress) -> Void)? = nil
    ) async throws(StrataError) -> BackupReport {
        try await translating {
            try checkOpen()
            let gauge = CopyGauge(progress)
            return try await holdingHorizon { _ in
                try await gauge.running { [self] in
                    let folder = try BackupFolder(at: path, on: disk, ofStore: id, source: layout, isDryRun: dryRun)
                    var run = BackupRun(of: self, into: folder, isDryRun: dryRun, gauge: gauge)
                    return try run.run()
                }
            }
        }
    }
}
