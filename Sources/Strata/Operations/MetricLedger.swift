import Catalog

/// Counts a training's metrics and holds them to their bounds. A value: its owner locks it.
struct MetricLedger {
    private var numbers: [String: Int] = [:]
    private var counts: [Int] = []
    private var entryCount = 0
    private var byteCount = 0
    private var pendingBytes = 0

    /// Adds an entry to what is to be written, or counts it as dropped.
    ///
    /// - Returns: whether so much is gathered that it should be written now.
    mutating func add(_ name: String, _ tensor: [UInt8], at timestamp: Int64, to note: inout OperationNote) -> Bool {
        guard fits(name, tensor), let number = number(of: name) else {
            note.droppedMetrics += 1
            return false
        }
        note.metrics.append(.init(metricNumber: number, index: counts[number], timestamp: timestamp, tensor: tensor))
        counts[number] += 1
        entryCount += 1
        byteCount += tensor.count
        pendingBytes += tensor.count
        let entry = OperationNote.MetricName(number: number, name: name, entryCount: counts[number])
        if let place = note.metricNames.firstIndex(where: { $0.number == number }) {
            note.metricNames[place] = entry
        } else {
            note.metricNames.append(entry)
        }
        return note.metrics.count >= OperationLimits.pendingEntriesMax || pendingBytes >= OperationLimits.pendingBytesMax
    }

    /// What was gathered is being written.
    mutating func noteTaken() { pendingBytes = 0 }

    private func fits(_ name: String, _ tensor: [UInt8]) -> Bool {
        entryCount < OperationLimits.metricEntriesMax && tensor.count <= OperationLimits.metricBytesMax - byteCount
            && name.utf8.count <= Names.bytesMax && !name.utf8.contains(0)
    }

    private mutating func number(of name: String) -> Int? {
        if let number = numbers[name] { return number }
        guard counts.count < OperationLimits.metricNamesMax else { return nil }
        numbers[name] = counts.count
        counts.append(0)
        return counts.count - 1
    }
}

/// Turns measurements into samples, and takes fewer of them the longer the operation lasts. A value: its owner locks it.
struct UsageLedger {
    private var last = (instant: ContinuousClock.now, cpuSeconds: 0.0)
    private var moments = 0
    private var kept = 0
    private var stride = 1

    mutating func add(_ usage: ResourceUsage, at timestamp: Int64, to note: inout OperationNote) {
        defer { moments += 1 }
        guard moments % stride == 0 else { return }
        let now = ContinuousClock.now
        let elapsed = last.instant.duration(to: now) / .seconds(1)
        let cores = elapsed > 0 ? max(usage.cpuSeconds - last.cpuSeconds, 0) / elapsed : 0
        last = (now, usage.cpuSeconds)
        note.usage.append(
            UsageRow(
                sample: moments, timestamp: timestamp, cpuMilli: cores.isFinite ? Int64(min(cores, 1e9) * 1000) : 0,
                memoryBytes: max(usage.memoryBytes, 0), diskBytes: usage.diskBytes.map { max($0, 0) }))
        kept += 1
        guard kept >= OperationLimits.usageSamplesMax else { return }
        stride *= 2
        kept = (kept + 1) / 2
        note.usage.removeAll { $0.sample % stride != 0 }
        note.usageStride = stride
    }
}
