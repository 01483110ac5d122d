import Catalog
import Testing

@testable import Strata

/// What is reported is bounded where it is reported.
@Suite struct LedgerTests {
    @Test func metricsHaveANumberThatTheyDoNotPass() {
        var (ledger, note) = (MetricLedger(), OperationNote())
        var flushes = 0
        for index in 0..<100_010 where ledger.add("m", [], at: Int64(index), to: &note) {
            flushes += 1
            #expect(note.metrics.count == OperationLimits.pendingEntriesMax)
            note.metrics = []
            ledger.noteTaken()
        }
        #expect(flushes == 100 && note.metrics.isEmpty && note.droppedMetrics == 10)
        #expect(note.metricNames == [.init(number: 0, name: "m", entryCount: 100_000)])
    }

    @Test func whatIsGatheredIsWrittenBeforeItIsLarge() {
        var (ledger, note) = (MetricLedger(), OperationNote())
        let bytes = [UInt8](repeating: 0, count: OperationLimits.pendingBytesMax / 2)
        #expect(!ledger.add("m", bytes, at: 0, to: &note))
        #expect(ledger.add("m", bytes, at: 0, to: &note))
        ledger.noteTaken()
        #expect(!ledger.add("m", bytes, at: 0, to: &note))
    }

    /// A training of weeks has as many samples as one of an hour.
    @Test func usageIsThinnedAndStaysEvenlySpaced() {
        var ledger = UsageLedger()
        var kept: Set<Int> = []
        var strides: [Int] = []
        for moment in 0..<20_000 {
            var note = OperationNote()
            ledger.add(ResourceUsage(cpuSeconds: .nan, memoryBytes: -1), at: Int64(moment), to: &note)
            for sample in note.usage {
                #expect(sample.cpuMilli == 0 && sample.memoryBytes == 0)
                kept.insert(sample.sample)
            }
            guard let stride = note.usageStride else { continue }
            strides.append(stride)
            kept = kept.filter { $0 % stride == 0 }
        }
        #expect(strides == [2, 4, 8, 16])
        #expect(kept == Set(stride(from: 0, to: 20_000, by: 16)) && kept.count <= OperationLimits.usageSamplesMax)
    }

    @Test func aTextIsCutAtACharacter() {
        let text = String(repeating: "☃", count: 100)
        #expect(OperationLimits.end(of: text, bytesMax: 300) == Array(text.utf8))
        #expect(OperationLimits.end(of: text, bytesMax: 100) == Array(("[200 bytes left out]\n" + String(repeating: "☃", count: 33)).utf8))
    }
}
