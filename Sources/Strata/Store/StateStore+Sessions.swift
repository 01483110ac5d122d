import Catalog
import ContentStore
import Logging

extension StateStore {
    /// Clears away what processes that died left behind: their staging folders, their packs that no commit names, their
    /// pins and creations. Their running operations have failed: `launcherTerminated`.
    ///
    /// Liveness is a held lock: a session whose lock can be taken has no process. Safe beside other processes.
    func clearDeadSessions() async throws {
        try await blocking { [copier] in try copier?.clearLeftover() }
        // Read before the folders: a session is entered after its folder was made, and leaves before the folder goes.
        let entered = try await catalog.sessionTokens()
        let folder = StagingFolder(path: layout.staging, disk: options.disk)
        let dead = try await WorkerExecutor.run { () throws(ContentError) in try folder.deadSessions() }
        let foundTokens = Set(dead.map(\.token))
        let folders = try await sessionFolders()
        let orphaned = entered.filter { !folders.contains($0) && !foundTokens.contains($0) }
        guard !dead.isEmpty || !orphaned.isEmpty else { return }
        if dead.contains(where: { !$0.stagedPacks.isEmpty }) { try await catalog.buryUnfinishedCommits() }
        for session in dead {
            for path in session.stagedPacks { try await removeUncommittedPack(stagedAt: path) }
        }
        try await catalog.removeSessions(tokens: Array(foundTokens) + orphaned)
        try await WorkerExecutor.run { () throws(ContentError) in
            for session in dead { try folder.remove(session) }
        }
        logger.info("dead sessions cleared", metadata: ["sessions": "\(dead.count)"])
    }

    /// A repair and a session never run side by side: this session's lock was taken before the repair's is looked for, and a
    /// repair looks for sessions after it took its own.
    func refuseWhileRepairing() async throws {
        let (disk, layout) = (options.disk, layout)
        let obstacle = try await blocking { () -> String? in
            guard try disk.status(layout.repairFolder) != nil else { return nil }
            if try disk.status(RepairPlan.path(in: layout)) != nil { return "a repair of it was cut off; run `strata repair`" }
            guard try disk.status(layout.repairLock) != nil else { return nil }
            return try disk.open(layout.repairLock, .read).tryLock() ? nil : "it is being repaired; wait until that has ended"
        }
        guard let obstacle else { return }
        try? await close()
        throw StrataError(.conflict, "the store `\(path)` cannot be opened for writing: \(obstacle)", context: ["path": path])
    }

    private func sessionFolders() async throws -> Set<String> {
        let (disk, staging) = (options.disk, layout.staging)
        return Set(try await WorkerExecutor.run { () throws(ContentError) in try disk.list(staging) })
    }

    /// A dead session may have published a pack and not lived to commit it: then the catalog does not know its name.
    private func removeUncommittedPack(stagedAt path: String) async throws {
        let (disk, packs) = (options.disk, layout.packs)
        guard let name = try? await WorkerExecutor.run({ () throws(ContentError) in try PackReader(path: path, disk: disk).name })
        else { return }
        guard try await !catalog.hasPack(name) else { return }
        try await WorkerExecutor.run { () throws(ContentError) in try disk.remove(packs + "/" + name.relativePath) }
    }
}
