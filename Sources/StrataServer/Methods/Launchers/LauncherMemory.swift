import Foundation
import ModelRuntime
import Strata
import Synchronization

/// What is remembered of persistent launchers: what they used lately, and their specs, also of some that are gone.
final class LauncherMemory: Sendable {
    struct Sample: Sendable {
        let timestampMilliseconds: Int64
        /// Cores in use since the sample before.
        let cpus: Double
        let memoryBytes: Int64
        let diskBytes: Int64?
    }

    private struct State {
        var samples: [LauncherID: [Sample]] = [:]
        var specs: [LauncherID: LauncherSpec] = [:]
    }

    /// An hour of seconds.
    static let samplesMax = 3600
    static let specsMax = 1024
    private let state = Mutex(State())

    func samples(of id: LauncherID, after timestamp: Int64) -> [Sample] {
        state.withLock { state in (state.samples[id] ?? []).filter { $0.timestampMilliseconds > timestamp } }
    }

    func spec(of id: LauncherID) -> LauncherSpec? { state.withLock { $0.specs[id] } }

    /// Remembers a launcher that was made, and measures it each second until it is gone.
    func begin(_ id: LauncherID, _ spec: LauncherSpec, on executor: ProcessExecutor) {
        state.withLock { state in
            if state.specs.count >= Self.specsMax, let any = state.specs.keys.first { state.specs[any] = nil }
            state.specs[id] = spec
            state.samples[id] = []
        }
        Task { [weak self] in
            var last: (instant: ContinuousClock.Instant, cpuSeconds: Double)?
            while case .there(let measured) = await executor.measure(id) {
                if let usage = measured {
                    let now = ContinuousClock.now
                    let elapsed = last.map { $0.instant.duration(to: now) / .seconds(1) } ?? 0
                    let cpus = elapsed > 0 ? max(usage.cpuSeconds - (last?.cpuSeconds ?? 0), 0) / elapsed : 0
                    last = (now, usage.cpuSeconds)
                    self?.add(usage, cpus: cpus, to: id)
                }
                try? await Task.sleep(for: .seconds(1))
            }
            self?.state.withLock { $0.samples[id] = nil }
        }
    }

    private func add(_ usage: ResourceUsage, cpus: Double, to id: LauncherID) {
        let sample = Sample(
            timestampMilliseconds: Int64(Date().timeIntervalSince1970 * 1000), cpus: (cpus * 1000).rounded() / 1000,
            memoryBytes: usage.memoryBytes, diskBytes: usage.diskBytes)
        state.withLock { state in
            guard let count = state.samples[id]?.count else { return }
            if count >= Self.samplesMax { state.samples[id]?.removeFirst() }
            state.samples[id]?.append(sample)
        }
    }
}

private enum Measurement {
    /// Nil where nothing is measured, or not yet.
    case there(ResourceUsage?)
    case gone
}

extension ProcessExecutor {
    fileprivate func measure(_ id: LauncherID) async -> Measurement {
        do {
            return .there(try await usage(ofPersistentLauncher: id))
        } catch {
            return .gone
        }
    }
}
