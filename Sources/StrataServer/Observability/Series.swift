import CoreMetrics
import Synchronization

/// One series of a metric: a count, a value, or a histogram.
final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    enum Kind: Sendable {
        case counter, gauge
        case histogram([Double])
    }

    private struct Value {
        var amount: Double = 0
        var count: Int64 = 0
        var buckets: [Int64] = []
    }

    static let secondBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600]
    static let plainBounds = [1, 10, 100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9]

    private let kind: Kind
    private let bounds: [Double]
    private let value: Mutex<Value>

    init(_ kind: Kind) {
        self.kind = kind
        if case .histogram(let bounds) = kind { self.bounds = bounds } else { bounds = [] }
        value = Mutex(Value(buckets: Array(repeating: 0, count: bounds.count)))
    }

    var typeName: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { value.withLock { $0.amount += amount } }
    func decrement(by amount: Double) { value.withLock { $0.amount -= amount } }
    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0.amount = new } }
    func reset() { value.withLock { $0 = Value(buckets: Array(repeating: 0, count: bounds.count)) } }
    func record(_ new: Int64) { record(Double(new)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ new: Double) {
        value.withLock { value in
            guard !bounds.isEmpty else { return value.amount = new }
            value.amount += new
            value.count += 1
            if let index = bounds.firstIndex(where: { new <= $0 }) { value.buckets[index] += 1 }
        }
    }

    func write(_ name: SeriesName, to text: inout String) {
        let value = value.withLock { $0 }
        guard !bounds.isEmpty else {
            text += "\(name.text()) \(Self.number(value.amount))\n"
            return
        }
        var sum: Int64 = 0
        for (bound, count) in zip(bounds, value.buckets) {
            sum += count
            text += "\(name.text("_bucket", "le=\"\(Self.number(bound))\"")) \(sum)\n"
        }
        text += "\(name.text("_bucket", "le=\"+Inf\"")) \(value.count)\n"
        text += "\(name.text("_sum")) \(Self.number(value.amount))\n\(name.text("_count")) \(value.count)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.magnitude < 0x1p53, let integer = Int64(exactly: value) { return String(integer) }
        return value.isNaN ? "NaN" : value.isInfinite ? (value > 0 ? "+Inf" : "-Inf") : value.description
    }
}
