public import CoreMetrics
import Synchronization

/// Keeps the values of swift-metrics counters, meters, recorders and timers, and tells them as Prometheus text.
///
/// Pass it to `MetricsSystem.bootstrap` to have what other libraries count shown at `/metrics` too. It holds at most
/// `seriesMax` series; further ones are counted nowhere, so that a label out of a client's hands cannot fill the memory.
public final class MetricRegistry: MetricsFactory {
    public static let seriesMax = 10_000
    private let series = Mutex<[SeriesName: Series]>([:])

    public init() {}

    private func find(_ label: String, _ dimensions: [(String, String)], _ kind: Series.Kind) -> Series {
        let name = SeriesName(label, dimensions)
        return series.withLock { all in
            if let known = all[name] { return known }
            let made = Series(kind)
            if all.count < Self.seriesMax { all[name] = made }
            return made
        }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions, .gauge)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        find(label, dimensions, aggregate ? .histogram(Series.plainBounds) : .gauge)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions, .histogram(Series.secondBounds))
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// All series in Prometheus' text format, version 0.0.4, in order of their names.
    public func prometheusText() -> String {
        let all = series.withLock { $0 }.sorted { $0.key < $1.key }
        var text = ""
        var lastLabel: String?
        for (name, series) in all {
            if name.label != lastLabel {
                text += "# TYPE \(name.label) \(series.typeName)\n"
                lastLabel = name.label
            }
            series.write(name, to: &text)
        }
        return text
    }
}

/// A metric's name and labels, in characters that Prometheus takes.
struct SeriesName: Hashable, Comparable {
    let label: String
    let labels: String

    init(_ label: String, _ dimensions: [(String, String)]) {
        self.label = Self.legal(label)
        labels = dimensions.map { "\(Self.legal($0.0))=\"\(Self.escaped($0.1))\"" }.sorted().joined(separator: ",")
    }

    static func < (left: SeriesName, right: SeriesName) -> Bool { (left.label, left.labels) < (right.label, right.labels) }

    /// The series' name with `suffix` after the label and `extra` among the labels.
    func text(_ suffix: String = "", _ extra: String = "") -> String {
        let all = [labels, extra].filter { !$0.isEmpty }.joined(separator: ",")
        return all.isEmpty ? label + suffix : "\(label)\(suffix){\(all)}"
    }

    private static func legal(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
