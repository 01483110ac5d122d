import Catalog
import Logging
import Synchronization

/// What one running operation has to tell: how long its phases took, and what it reports while it runs. Written to the
/// catalog in pieces, by `flush()`, and for the rest at its end.
final class OperationJournal: TrainingObserver, Sendable {
    private struct State {
        var durations = OperationDurations()
        var note = OperationNote()
        var metrics = MetricLedger()
        var usage = UsageLedger()
        var progress: Double?
        var output: ExecutionOutput?
        /// The last writing that was begun; the next one waits for it, so that nothing overtakes.
        var writing: Task<Void, any Error>?
        /// The end is being written, with all that is left.
        var isEnding = false
    }

    let id: OperationID
    private let catalog: Catalog
    private let logger: Logger
    private let total = Stopwatch()
    private let state = Mutex(State())

    init(_ id: OperationID, catalog: Catalog, logger: Logger) {
        self.id = id
        self.catalog = catalog
        self.logger = logger
    }

    /// So far.
    var durations: OperationDurations {
        var durations = state.withLock { $0.durations }
        durations.totalMilliseconds = total.milliseconds
        return durations
    }

    /// Runs a phase and keeps how long it took, whatever became of it.
    func measuring<T>(_ phase: WritableKeyPath<OperationDurations, Int?>, _ body: () async throws -> T) async rethrows -> T {
        let watch = Stopwatch()
        defer { setDuration(phase, watch.milliseconds) }
        return try await body()
    }

    func setDuration(_ phase: WritableKeyPath<OperationDurations, Int?>, _ milliseconds: Int?) {
        state.withLock { $0.durations[keyPath: phase] = milliseconds }
    }

    /// Tells everybody, also in other processes, which phase begins.
    func enter(_ phase: ExecutionPhase) async {
        let durations = JSON.encode(durations)
        state.withLock { state in
            state.note.phase = phase.rawValue
            state.note.durationsJSON = durations
        }
        await flushOrLog()
    }

    func keep(_ output: ExecutionOutput?) { state.withLock { $0.output = output } }

    // MARK: what code reports

    func progress(_ value: Double) async throws {
        guard value.isFinite else { return }
        state.withLock { $0.note.progress = "\(value)" }
    }

    func metric(_ name: String, _ item: Item) async throws {
        let now = Clock.milliseconds()
        let isDue = state.withLock { state in state.metrics.add(name, item.bytes, at: now, to: &state.note) }
        if isDue { try await flush() }
    }

    func measured(_ usage: ResourceUsage) {
        let now = Clock.milliseconds()
        state.withLock { state in state.usage.add(usage, at: now, to: &state.note) }
    }

    // MARK: writing

    /// Writes what has been reported. Begun, it ends whatever becomes of the calling task.
    /// - Complexity: one transaction; none when there is nothing to write.
    func flush() async throws {
        let writing = state.withLock { state -> Task<Void, any Error>? in
            guard !state.isEnding, !state.note.isEmpty else { return state.writing }
            let task = Task { [self, before = state.writing] in
                _ = await before?.result
                try await write()
            }
            state.writing = task
            return task
        }
        try await writing?.value
    }

    func flushOrLog() async {
        do {
            try await flush()
        } catch {
            logger.warning("an operation's progress could not be written", metadata: ["operation.id": "\(id)", "error": "\(error)"])
        }
    }

    private func write() async throws {
        let note = take()
        do {
            try await catalog.note(note, of: id.rawValue)
        } catch {
            state.withLock { $0.note.putBack(note) }
            throw error
        }
    }

    private func take() -> OperationNote {
        state.withLock { state in
            defer { state.note = OperationNote() }
            state.metrics.noteTaken()
            return state.note
        }
    }

    /// What the record will say of the end; nothing may be reported any more.
    func ending(_ failure: ExecutionFailure?, durations: OperationDurations, recordsMax: Int) async -> OperationEnding {
        let writing = state.withLock { state in
            state.isEnding = true
            return state.writing
        }
        _ = await writing?.result
        let output = state.withLock { $0.output }
        var note = take()
        note.phase = nil
        return OperationEnding(
            operationID: id.rawValue, finishedAt: Clock.milliseconds(), durationsJSON: JSON.encode(durations),
            failureJSON: failure.map { JSON.encode(FailureRecord($0)) },
            standardOutput: output.map { OperationLimits.end(of: $0.standardOutput, bytesMax: OperationLimits.outputBytesMax) },
            standardError: output.map { OperationLimits.end(of: $0.standardError, bytesMax: OperationLimits.outputBytesMax) },
            note: note, recordsMax: recordsMax)
    }
}

extension OperationNote {
    /// What could not be written comes before what was reported since.
    fileprivate mutating func putBack(_ earlier: OperationNote) {
        phase = phase ?? earlier.phase
        progress = progress ?? earlier.progress
        durationsJSON = durationsJSON ?? earlier.durationsJSON
        metrics = earlier.metrics + metrics
        metricNames = earlier.metricNames.filter { name in !metricNames.contains { $0.number == name.number } } + metricNames
        droppedMetrics += earlier.droppedMetrics
        usage = earlier.usage + usage
        usageStride = usageStride ?? earlier.usageStride
    }
}
