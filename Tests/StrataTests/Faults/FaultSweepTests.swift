import ContentStore
import Foundation
import Glibc
import Strata
import StrataTesting
import Testing

/// Fails each file and SQLite operation of each thing that a store does, in turn.
///
/// `STRATA_FAULTS=full` tries every one, `STRATA_FAULTS="close"` every one of that thing alone, `STRATA_FAULTS="~close"` a sample of it
/// alone; else a sample is tried, whose seed is printed.
@Suite(.serialized) struct FaultSweepTests {
    static let choice = ProcessInfo.processInfo.environment["STRATA_FAULTS"]
    static let sampleMax = 3

    static func isFull(_ operation: FaultOperation) -> Bool { choice == "full" || choice == operation.name }

    /// Whether this run is about that thing.
    static func isWanted(_ operation: FaultOperation) -> Bool {
        guard let choice, choice != "full" else { return true }
        return choice == operation.name || choice == "~" + operation.name
    }

    static func prepared<T>(
        _ operation: FaultOperation, _ body: (FaultSample, FaultExpectation, Int, String) async throws -> T
    ) async throws -> T {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/sample")
            let start = folder + "/before"
            if !operation.makesStore {
                try FileManager.default.copyItem(atPath: sample.path, toPath: start)
                if !operation.repairs { try await operation.prepare(start, sample) }
            }
            let before = try await withStore(at: start, options: FaultSample.options()) { try await StoreContents(of: $0) }
            // Without a fault: what is there afterwards, and how many operations it takes.
            let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/whole")
            let outcome = try await attempt.run { _ in }
            #expect(outcome.isAcknowledged, "\(outcome.error.map { "\($0)" } ?? "")")
            let after = try await withStore(at: attempt.left, options: FaultSample.options()) { try await StoreContents(of: $0) }
            return try await body(sample, FaultExpectation(before: before, after: after), outcome.answeredAt, folder)
        }
    }

    /// The numbers to try, of `1...count`.
    static func numbers(_ count: Int, of operation: FaultOperation, using generator: inout SeededGenerator) -> [Int] {
        guard count > 0 else { return [] }
        // Making a store takes most operations, and the most that can go wrong between two of them.
        let most = operation.makesStore ? 3 * sampleMax : sampleMax
        guard !isFull(operation), count > most else { return Array(1...count) }
        return Array((1...count).shuffled(using: &generator).prefix(most)).sorted()
    }

    @Test(arguments: FaultOperation.all, Fault.Duration.allCases)
    func everyOperationMayFail(operation: FaultOperation, duration: Fault.Duration) async throws {
        guard Self.isWanted(operation) else { return }
        var generator = SeededGenerator.announced("faults in `\(operation.name)`, \(duration)")
        try await Self.prepared(operation) { sample, expectation, count, folder in
            var failures = 0
            let sampled = Self.numbers(count, of: operation, using: &generator)
            // A sample may hit nothing but what is only logged: then it goes on until something is noticed.
            let further = operation.name == "close" ? [] : Set(1...max(count, 1)).subtracting(sampled).sorted().shuffled(using: &generator)
            for (place, number) in (sampled + further).enumerated() where place < sampled.count || failures == 0 {
                let errno = [EIO, ENOSPC, EMFILE, EROFS].randomElement(using: &generator)!
                let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/\(number)")
                let outcome = try await attempt.run { $0.arm(Fault(operation: number, duration, .error(errno))) }
                let comment = "operation \(number) of \(count), errno \(errno), \(outcome.log.first { $0.hasFailed }?.description ?? "none failed")"
                if !outcome.isAcknowledged {
                    failures += 1
                    #expect(outcome.error is StrataError, "\(comment): \(String(describing: outcome.error))")
                }
                Self.expectNoSyncTwice(outcome.log, comment)
                try await expectation.check(
                    attempt.left, operation, isAcknowledged: outcome.isAcknowledged, mayLeavePacks: false, comment)
                try? FileManager.default.removeItem(atPath: attempt.folder)
            }
            #expect(failures > 0 || operation.name == "close", "no fault was noticed")
        }
    }

    /// A sync that failed has lost what it should have kept, and says so once only.
    static func expectNoSyncTwice(_ log: [DiskOperation], _ comment: String) {
        var failed: Set<String> = []
        for operation in log where !operation.isDatabase {
            switch operation.action {
            case .sync, .syncDirectory: #expect(!failed.contains(operation.path), "\(comment): synced again: \(operation)")
            default: continue
            }
            if operation.hasFailed { failed.insert(operation.path) }
        }
    }

    @Test(arguments: FaultOperation.all)
    func aPowerFailureLeavesTheStoreBeforeOrAfter(operation: FaultOperation) async throws {
        guard Self.isWanted(operation) else { return }
        var generator = SeededGenerator.announced("power failures in `\(operation.name)`")
        try await Self.prepared(operation) { sample, expectation, _, folder in
            let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/run")
            let outcome = try await attempt.run { _ in }
            let image = try CrashImage(of: attempt.folder, base: attempt.base, log: outcome.log)
            var counts = Self.numbers(outcome.answeredAt, of: operation, using: &generator)
            if counts.last != outcome.answeredAt { counts.append(outcome.answeredAt) }
            for count in counts {
                for _ in 0..<(Self.isFull(operation) ? 4 : 1) + (count == outcome.answeredAt ? 3 : 0) {
                    let seed = generator.next()
                    let target = folder + "/image"
                    try image.write(after: count, seed: seed, to: target)
                    try await expectation.check(
                        target + "/store", operation, isAcknowledged: count == outcome.answeredAt, mayLeavePacks: true,
                        "after operation \(count) of \(outcome.answeredAt), seed \(seed): \(outcome.log[count - 1])")
                    try FileManager.default.removeItem(atPath: target)
                }
            }
        }
    }
}
