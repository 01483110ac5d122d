import Foundation
import Strata
import StrataTesting
import Testing

/// What else a disk can do: answer a read with too little, and fill up in the middle.
///
/// Tries what `FaultSweepTests` says, and runs beside it: one suite with all of it outlasted every other.
@Suite(.serialized) struct DiskLimitTests {
    private typealias Sweep = FaultSweepTests

    /// A read that ends early looks like a file that does: nothing is taken for whole because of it.
    @Test(arguments: FaultOperation.all)
    func aReadMayEndEarly(operation: FaultOperation) async throws {
        guard Sweep.isWanted(operation) else { return }
        var generator = SeededGenerator.announced("short reads in `\(operation.name)`")
        try await Sweep.prepared(operation) { sample, expectation, _, folder in
            let reads = try await Self.log(of: operation, sample, folder + "/logged").enumerated().filter { _, done in
                if case .read = done.action { !done.isDatabase } else { false }
            }.map { $0.offset + 1 }
            for number in Sweep.isFull(operation) ? reads : Array(reads.shuffled(using: &generator).prefix(Sweep.sampleMax)).sorted() {
                let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/\(number)")
                let outcome = try await attempt.run { $0.arm(Fault(operation: number, .transient, .shortRead)) }
                let comment = "operation \(number), \(outcome.log.count >= number ? outcome.log[number - 1].description : "not reached")"
                #expect(outcome.isAcknowledged || outcome.error is StrataError, "\(comment): \(String(describing: outcome.error))")
                try await expectation.check(
                    attempt.left, operation, isAcknowledged: outcome.isAcknowledged, mayLeavePacks: false, comment)
            }
        }
    }

    /// Files and the catalog share the space that is left, and any of them may meet its end.
    @Test(arguments: FaultOperation.all)
    func theDiskMayFillUp(operation: FaultOperation) async throws {
        guard Sweep.isWanted(operation) else { return }
        var generator = SeededGenerator.announced("full disks in `\(operation.name)`")
        try await Sweep.prepared(operation) { sample, expectation, _, folder in
            let written = try await Self.log(of: operation, sample, folder + "/logged").reduce(0) { sum, done in
                if case .write(_, let bytes) = done.action { sum + bytes.count } else { sum }
            }
            guard written > 0 else { return }
            var limits = (0..<(Sweep.isFull(operation) ? 100 : Sweep.sampleMax - 1)).map { _ in Int.random(in: 0..<written, using: &generator) }
            limits.append(written - 1)
            for limit in limits {
                let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/\(limit)")
                let outcome = try await attempt.run { $0.limitSpace(bytes: Int64(limit)) }
                let comment = "\(limit) of \(written) bytes"
                if !outcome.isAcknowledged {
                    #expect(
                        (outcome.error as? StrataError)?.code == .noSpace, "\(comment): \(String(describing: outcome.error))")
                }
                try await expectation.check(
                    attempt.left, operation, isAcknowledged: outcome.isAcknowledged, mayLeavePacks: false, comment)
                try? FileManager.default.removeItem(atPath: attempt.folder)
            }
        }
    }

    /// A write that failed may have written anything: no compaction goes on with the pack that it was for.
    @Test func eachWriteOfACompactedPackMayFail() async throws {
        let operation = try #require(FaultOperation.all.first { $0.name == "compact" })
        try await Sweep.prepared(operation) { sample, expectation, _, folder in
            let writes = try await Self.log(of: operation, sample, folder + "/logged").enumerated().filter { _, done in
                if case .write = done.action { done.path.hasSuffix(".pack") } else { false }
            }.map { $0.offset + 1 }
            #expect(writes.count > 3)
            for number in writes {
                let attempt = FaultAttempt(operation: operation, sample: sample, folder: folder + "/\(number)")
                let outcome = try await attempt.run { $0.arm(Fault(operation: number, .transient, .error(EIO))) }
                let comment = "operation \(number), \(outcome.log[number - 1])"
                #expect(!outcome.isAcknowledged && outcome.error is StrataError, "\(comment)")
                try await expectation.check(
                    attempt.left, operation, isAcknowledged: outcome.isAcknowledged, mayLeavePacks: false, comment)
                try? FileManager.default.removeItem(atPath: attempt.folder)
            }
        }
    }

    /// What the operation asks of a disk that does all of it.
    private static func log(of operation: FaultOperation, _ sample: FaultSample, _ folder: String) async throws -> [DiskOperation] {
        let outcome = try await FaultAttempt(operation: operation, sample: sample, folder: folder).run { _ in }
        return Array(outcome.log.prefix(outcome.answeredAt))
    }
}
