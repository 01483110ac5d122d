import Catalog
import Logging

extension StateStore {
    /// Resolves an operation at one moment, runs it, and writes down how it ended.
    ///
    /// What it uses is pinned until the end. However it ends, pins and creation are given back in the transaction that says so.
    ///
    /// - Parameters:
    ///   - prepare: refuses, by throwing, what the catalog alone cannot refuse; then no record stays.
    ///   - run: whatever it throws is a failure of the run, but for `LauncherRefusal`.
    /// - Throws: refusals.
    func operate<Success: Sendable>(
        _ start: OperationStart, prepare: (ResolvedOperationRows) throws -> ResolvedOperation,
        run: (ResolvedOperation, OperationJournal) async throws -> Success
    ) async throws -> OperationOutcome<Success> {
        let watch = Stopwatch()
        do {
            return try await holding {
                let rows = try await catalog.resolve(start.request(session: try await registeredSession()))
                let journal = OperationJournal(start.id, catalog: catalog, logger: logger)
                do {
                    let resolved = try prepare(rows)
                    operations.attach(journal)
                    let outcome = try await outcome(of: start, at: resolved.location, journal) { try await run(resolved, journal) }
                    let ending = await journal.ending(outcome.failure, durations: outcome.durations, recordsMax: options.operationRecordsMax)
                    await giveBack(rows.pins, start, .ended(ending))
                    return outcome
                } catch {
                    await giveBack(rows.pins, start, .discarded(operationID: start.id.rawValue))
                    throw (error as? LauncherRefusal)?.error ?? error
                }
            }
        } catch where StrataError.wrapping(error).code == .cancelled {
            // Before anything ran: the answer is that of every cancelled operation.
            return OperationOutcome(
                result: .failure(.cancelled), location: nil, durations: OperationDurations(totalMilliseconds: watch.milliseconds))
        }
    }

    private func outcome<Success: Sendable>(
        of start: OperationStart, at location: ExecutionLocation, _ journal: OperationJournal, _ run: () async throws -> Success
    ) async throws -> OperationOutcome<Success> {
        let pulse = Task { await self.pulse(journal) }
        let result: Result<Success, ExecutionFailure>
        do {
            result = .success(try await run())
        } catch let refusal as LauncherRefusal {
            pulse.cancel()
            await pulse.value
            throw refusal
        } catch {
            // Whatever a cancelled run throws: code that was killed reports its end, not why.
            let failure = Task.isCancelled ? .cancelled : ExecutionFailure(of: error)
            logger.debug(
                "operation failed",
                metadata: ["model.id": "\(start.modelID)", "operation": "\(start.kind.rawValue)", "failure.code": "\(failure.code)"])
            result = .failure(failure)
        }
        pulse.cancel()
        await pulse.value
        return OperationOutcome(result: result, location: location, durations: journal.durations)
    }

    /// Writes what an operation reports, and ends it when another process asks for that or its record is gone.
    private func pulse(_ journal: OperationJournal) async {
        let interval = Duration.seconds(options.operationPulseSeconds)
        while (try? await Task.sleep(for: interval)) != nil {
            await journal.flushOrLog()
            guard let mayGoOn = try? await catalog.mayGoOn(journal.id.rawValue), !mayGoOn else { continue }
            operations.cancel(journal.id)
            return
        }
    }

    private func giveBack(_ pins: [PinID], _ start: OperationStart, _ end: OperationEnd) async {
        do {
            try await catalog.release(pins, endingCreation: start.kind == .createState ? start.id.rawValue : nil, end)
            if case .ended = end { keptEvaluations.removeExpired() }
        } catch {
            logger.warning(
                "an operation's end could not be written; it goes with the session",
                metadata: ["operation.id": "\(start.id)", "error": "\(error)"])
        }
    }
}

/// What an operation came to, and how long it took.
struct OperationOutcome<Success: Sendable>: Sendable {
    let result: Result<Success, ExecutionFailure>
    /// Nil when it was cancelled before that was known.
    let location: ExecutionLocation?
    let durations: OperationDurations

    var failure: ExecutionFailure? { if case .failure(let failure) = result { failure } else { nil } }
}
