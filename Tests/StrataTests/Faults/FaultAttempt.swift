import ContentStore
import Foundation
import Strata
import StrataTesting
import Testing

/// One operation on a copy of the sample, on a disk that fails; the store is dropped without mercy afterwards.
struct FaultAttempt {
    let operation: FaultOperation
    let sample: FaultSample
    /// A folder of the attempt's own; the store is `store` in it.
    let folder: String

    struct Outcome {
        var isAcknowledged: Bool
        var error: (any Error)?
        var hasFired: Bool
        var log: [DiskOperation]
        /// Operations of the log when the answer came; what comes later is the death of the process.
        var answeredAt: Int
    }

    var path: String { folder + "/store" }
    var base: String { folder + "/base" }
    /// A copy of what the dead process left: whatever of it still runs here holds no lock there.
    var left: String { folder + "/left" }

    /// - Parameter arm: sets the fault, once the store is open.
    func run(arm: (FaultDisk) -> Void) async throws -> Outcome {
        let files = FileManager.default
        try files.createDirectory(atPath: path.deletingLast, withIntermediateDirectories: true)
        if !operation.makesStore {
            try files.copyItem(atPath: sample.path, toPath: path)
            try await operation.prepare(path, sample)
        }
        let disk = FaultDisk()
        var store: StateStore?
        if operation.needsStore { store = try await StateStore.open(at: path, options: FaultSample.options(disk)) }
        if files.fileExists(atPath: path) {
            try files.createDirectory(atPath: base, withIntermediateDirectories: false)
            try files.copyItem(atPath: path, toPath: base + "/store")
        } else {
            try files.createDirectory(atPath: base, withIntermediateDirectories: false)
        }
        disk.record()
        arm(disk)
        var failure: (any Error)?
        do {
            if let runClosed = operation.runClosed {
                store = try await runClosed(path, FaultSample.options(disk))
            } else if let store {
                try await operation.run(store, sample)
            }
        } catch {
            failure = error
        }
        let (hasFired, answeredAt) = (disk.hasFired, disk.logCount)
        disk.die()
        let log = disk.log
        if files.fileExists(atPath: path) { try files.copyItem(atPath: path, toPath: left) }
        // A killed process closes its files; what it would do to them on the way does not reach the disk.
        try? await store?.close()
        return Outcome(isAcknowledged: failure == nil, error: failure, hasFired: hasFired, log: log, answeredAt: answeredAt)
    }
}

extension String {
    fileprivate var deletingLast: String { (self as NSString).deletingLastPathComponent }
}

/// What the store must be after an operation that may have failed.
struct FaultExpectation {
    let before: StoreContents
    let after: StoreContents

    /// Opens the store on a healthy disk and holds it against what may be there.
    func check(
        _ path: String, _ operation: FaultOperation, isAcknowledged: Bool, mayLeavePacks: Bool, _ comment: String
    ) async throws {
        do {
            if operation.repairs, !isAcknowledged {
                _ = try await StateStore.repair(at: path, options: FaultSample.options())
            }
            if operation.makesStore, isAcknowledged {
                // A store that was told to exist exists.
                try await StateStore.open(at: path, .readWrite, options: FaultSample.options()).close()
            }
            try await withStore(at: path, options: FaultSample.options()) { store in
                let contents = try await StoreContents(of: store)
                #expect(contents == after || (!isAcknowledged && contents == before), "\(comment): \(contents.lines)")
                let report = try await store.verify()
                #expect(report.isSound, "\(comment): \(report.damages)")
                if operation.leavesGarbage { _ = try await store.collect() }
                #expect(try StoreFolder(store).stagedFiles() == [], "\(comment)")
                #expect(try StoreFolder(store).sessions().count == 1, "\(comment)")
                let packs = try StoreFolder(store).packs().count
                let known = try await store.statistics().packCount
                #expect(mayLeavePacks ? packs >= known : packs == known, "\(comment): \(packs) packs, \(known) known")
                let model = try await store.createModel(named: "later").id
                try await store.commit([("k", SeededBytes.random(40_000, seed: 9))], to: model)
            }
        } catch {
            Issue.record(error, "\(comment)")
        }
    }
}
