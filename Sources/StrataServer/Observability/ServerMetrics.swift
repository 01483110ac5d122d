import CoreMetrics
import Metrics
import Synchronization

/// The server's own metrics, through swift-metrics, in a registry that `/metrics` shows.
///
/// `strata_calls_total{method,code}`, `strata_call_seconds{method}`, `strata_calls_running`, `strata_connections`,
/// `strata_connections_timed_out_total{reason}`.
public final class ServerMetrics: Sendable {
    /// What `/metrics` shows.
    public let registry: MetricRegistry
    private let running: Meter
    private let connections: Meter
    private let cached = Mutex<Handles>(Handles())

    private struct Handles {
        var calls: [String: [String: Counter]] = [:]
        var seconds: [String: Metrics.Timer] = [:]
    }

    public init(registry: MetricRegistry = MetricRegistry()) {
        self.registry = registry
        running = Meter(label: "strata_calls_running", factory: registry)
        connections = Meter(label: "strata_connections", factory: registry)
    }

    func began() { running.increment() }

    func ended(method: String, code: String, seconds: Double) {
        running.decrement()
        let (counter, timer) = cached.withLock { handles in
            let counter = handles.calls[method]?[code] ?? {
                let made = Counter(label: "strata_calls_total", dimensions: [("method", method), ("code", code)], factory: registry)
                handles.calls[method, default: [:]][code] = made
                return made
            }()
            let timer = handles.seconds[method] ?? {
                let made = Metrics.Timer(label: "strata_call_seconds", dimensions: [("method", method)], factory: registry)
                handles.seconds[method] = made
                return made
            }()
            return (counter, timer)
        }
        counter.increment()
        timer.recordNanoseconds(Int64(seconds * 1e9))
    }

    func connectionOpened() { connections.increment() }
    func connectionClosed() { connections.decrement() }

    /// The server closed a connection that kept it waiting.
    func connectionTimedOut(_ reason: String) {
        Counter(label: "strata_connections_timed_out_total", dimensions: [("reason", reason)], factory: registry).increment()
    }
}
