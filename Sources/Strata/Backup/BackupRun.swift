import Catalog
import ContentStore
import Foundation
import Logging

/// One backup, from the copy of the catalog to the removal of what is no longer needed. Blocks: runs on a worker.
struct BackupRun {
    let source: StateStore
    let folder: BackupFolder
    let isDryRun: Bool
    let gauge: CopyGauge
    private(set) var report: BackupReport

    private var sourceDisk: any StoreDisk { source.options.disk }
    private var packs: String { folder.layout.packs }

    init(of source: StateStore, into folder: BackupFolder, isDryRun: Bool, gauge: CopyGauge) {
        (self.source, self.folder, self.isDryRun, self.gauge) = (source, folder, isDryRun, gauge)
        report = BackupReport(path: folder.layout.root, isDryRun: isDryRun)
    }

    /// The caller holds the source's horizon: what its catalog names now stays until this returns.
    mutating func run() throws -> BackupReport {
        guard isDryRun else {
            do {
                try run(work: folder.layout.incoming, on: folder.disk)
            } catch {
                try? folder.disk.clearFolder(folder.layout.incoming)
                throw error
            }
            return report
        }
        let work = NSTemporaryDirectory() + "/strata-backup-\(UUID().uuidString)"
        let disk = LocalDisk()
        try disk.createDirectory(work)
        defer {
            try? disk.clearFolder(work)
            try? disk.removeDirectory(work)
        }
        try run(work: work, on: disk)
        return report
    }

    private mutating func run(work: String, on disk: any StoreDisk) throws {
        try gauge.advance()
        let path = work + "/catalog.sqlite"
        let catalog = try BackupCatalog(of: source.catalog, at: path, on: disk)
        defer { try? catalog.close() }
        if let problem = Catalog.health(at: path, thorough: false).problem {
            throw StrataError(.corrupted, "the copy of the catalog `\(source.layout.catalog)` is not sound (\(problem)); run `strata verify`")
        }
        report.catalogBytes = try disk.status(path)?.sizeBytes ?? 0
        try compare(catalog)
        guard !isDryRun else { return }
        gauge.expect(report.copiedBytes)
        let problems = try copyPacks(catalog)
        guard problems.isEmpty else { throw damaged(problems) }
        try catalog.close()
        try folder.commit()
        try removeSurplus()
    }

    /// Counts what there is to do.
    private mutating func compare(_ catalog: BackupCatalog) throws {
        for number in PackComparison.folders {
            let found = try PackComparison(number, of: catalog, in: packs, on: folder.disk)
            report.copiedPacks += found.missing.count
            report.copiedBytes += found.missing.reduce(0) { $0 + $1.sizeBytes }
            report.keptPacks += found.present.count
            report.keptBytes += found.present.reduce(0) { $0 + $1.sizeBytes }
            report.removedPacks += found.surplus.count
            report.removedBytes += found.surplus.reduce(0) { $0 + $1.sizeBytes }
        }
    }

    /// Copies the packs that the backup lacks and makes their names durable.
    ///
    /// - Returns: what is wrong with those that could not be copied, by name.
    private func copyPacks(_ catalog: BackupCatalog) throws -> [PackName: ContentError] {
        var problems: [PackName: ContentError] = [:]
        for number in PackComparison.folders {
            let missing = try PackComparison(number, of: catalog, in: packs, on: folder.disk).missing
            guard !missing.isEmpty else { continue }
            let place = packs + "/" + PackComparison.name(number)
            try folder.disk.createDirectory(place)
            for pack in missing {
                if let problem = try copy(pack.name) { problems[pack.name] = problem }
            }
            try folder.disk.syncDirectory(place)
        }
        try folder.disk.syncDirectory(packs)
        return problems
    }

    /// Nothing is damage that is not found twice.
    private func copy(_ name: PackName) throws -> ContentError? {
        let copier = PackCopier(name, at: source.layout.packs + "/" + name.relativePath, disk: sourceDisk)
        let incoming = folder.layout.incoming + "/\(name).pack"
        for attempt in 1...2 {
            try folder.disk.remove(incoming)
            let problem = try copier.copy(to: (incoming, folder.disk)) { try gauge.advance(by: attempt == 1 ? $0 : 0) }
            guard let problem else { break }
            if attempt == 2 {
                try folder.disk.remove(incoming)
                return problem
            }
        }
        try folder.disk.rename(incoming, to: packs + "/" + name.relativePath)
        return nil
    }

    private func damaged(_ problems: [PackName: ContentError]) -> StrataError {
        let names = problems.keys.map(\.description).sorted()
        let first = problems.first { $0.key.description == names[0] }!.value
        let packs = names.count == 1 ? "a pack of the store is" : "\(names.count) packs of the store are"
        return StrataError(
            .corrupted,
            "\(packs) damaged (\(names[0]): \(first.message)); all sound packs were copied, and the backup `\(folder.layout.root)` "
                + "stays as it was before; run `strata repair` on the store and back it up again",
            context: ["path": source.path, "packs": names.prefix(100).joined(separator: " ")], cause: first)
    }

    /// Removes what the new catalog does not name. The backup is made: what cannot be removed goes with the next one.
    private mutating func removeSurplus() throws {
        let count = report.removedPacks
        guard count > 0 else { return }
        (report.removedPacks, report.removedBytes) = (0, 0)
        do {
            if try !folder.hasReaders() { try removeFiles() }
        } catch {
            source.logger.warning("packs that the backup no longer needs stay", metadata: ["error": "\(error)"])
        }
        report.leftPacks = count - report.removedPacks
    }

    private mutating func removeFiles() throws {
        let catalog = try BackupCatalog(at: folder.layout.catalog)
        defer { try? catalog.close() }
        for number in PackComparison.folders {
            let surplus = try PackComparison(number, of: catalog, in: packs, on: folder.disk).surplus
            for file in surplus {
                try folder.disk.remove(packs + "/" + file.path)
                report.removedPacks += 1
                report.removedBytes += file.sizeBytes
            }
        }
    }
}
