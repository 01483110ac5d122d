import Catalog
public import ContentStore
import Foundation

extension StateStore {
    /// Makes a store of a backup: in a new or empty folder, or, with `replacing`, in place of the same store.
    ///
    /// Every pack is read and held against its name and checksums, and the catalog against itself, before the store
    /// exists. A restore that is cut off is carried on by the next. What was in the place of the store is put into its folder
    /// `quarantine`, never removed; packs that are there and sound are not copied again.
    ///
    /// - Parameters:
    ///   - backup: the folder of a backup, or of another copy of a store.
    ///   - replacing: puts aside a store of the same id that is at `path`. No process may have it open.
    ///   - options: of the store that is made; its disk is what the store is written through.
    ///   - disk: through what the backup is reached.
    ///   - progress: called now and then, from any thread.
    /// - Throws: `store_not_found` (no backup), `store_already_exists` (a store at `path`, without `replacing`), `corrupted` (a damaged
    ///   backup: repair it first, which names what is lost), `invalid_parameter` (a folder that holds something else),
    ///   `conflict` (the store is in use), `no_space`, `io`, `cancelled`.
    /// - Complexity: three passes over the catalog, one over each pack that is copied or kept; an fsync for each new pack.
    ///   Memory of some 64 MiB, and a pack's directory.
    public static func restore(
        from backup: String, to path: String, replacing: Bool = false, options: Options = Options(),
        readingFrom disk: any StoreDisk = LocalDisk(), progress: (@Sendable (BackupProgress) -> Void)? = nil
    ) async throws(StrataError) -> RestoreReport {
        var sourceOptions = options
        sourceOptions.disk = disk
        let source = try await open(at: backup, .readOnly, options: sourceOptions)
        let result: Result<RestoreReport, any Error>
        do {
            let gauge = CopyGauge(progress)
            let report = try await source.holdingHorizon { _ in
                // Before anything is written: the folder, then whether the backup is worth it.
                let place = try await blocking { try RestorePlace(at: path, of: source, replacing: replacing, on: options.disk) }
                try await source.refuseDamage()
                return try await gauge.running {
                    var run = try StoreRestore(of: source, to: place, gauge: gauge)
                    return try run.run()
                }
            }
            result = .success(report)
        } catch {
            result = .failure(error)
        }
        try? await source.close()
        return try await translating { try result.get() }
    }

    /// - Throws: `corrupted` when the catalog contradicts itself or the packs' own directories, or values in it their digests.
    private func refuseDamage() async throws {
        var damages = try await verify(.quick).damages
        if damages.isEmpty {
            damages = try await ValueVerification(catalog: catalog, damaged: [:], damagesMax: 1000).run(from: nil, budget: nil).damages
        }
        guard let first = damages.first else { return }
        throw StoreRestore.damaged(self, "\(damages.count) places, the first: \(first.message)")
    }
}
