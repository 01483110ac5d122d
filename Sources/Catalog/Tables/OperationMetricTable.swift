import Foundation
import GRDB

/// SQL of `operation_metric_names`, `operation_metrics` and `operation_usage`: what operations report while they run.
struct OperationMetricTable {
    let db: Database

    /// Adds what an operation has reported since the last note.
    func add(_ note: OperationNote, toRow row: Int64) throws {
        for name in note.metricNames {
            try db.run(
                """
                INSERT INTO operation_metric_names (operation_id, metric_number, name, entry_count) VALUES (?, ?, ?, ?)
                ON CONFLICT (operation_id, metric_number) DO UPDATE SET entry_count = excluded.entry_count
                """, [row, name.number, name.name, name.entryCount])
        }
        for entry in note.metrics {
            try db.run(
                "INSERT INTO operation_metrics (operation_id, metric_number, entry_index, timestamp, tensor) VALUES (?, ?, ?, ?, ?)",
                [row, entry.metricNumber, entry.index, entry.timestamp, Data(entry.tensor)])
        }
        if !note.metrics.isEmpty || note.droppedMetrics > 0 {
            try db.run(
                """
                UPDATE operations SET metric_count = metric_count + ?, metric_bytes = metric_bytes + ?,
                    dropped_metrics = dropped_metrics + ? WHERE id = ?
                """, [note.metrics.count, note.metrics.reduce(0) { $0 + $1.tensor.count }, note.droppedMetrics, row])
        }
        for usage in note.usage {
            try db.run(
                """
                INSERT INTO operation_usage (operation_id, sample, timestamp, cpu_milli, memory_bytes, disk_bytes)
                VALUES (?, ?, ?, ?, ?, ?)
                """, [row, usage.sample, usage.timestamp, usage.cpuMilli, usage.memoryBytes, usage.diskBytes])
        }
        if let stride = note.usageStride {
            try db.run("DELETE FROM operation_usage WHERE operation_id = ? AND sample % ? <> 0", [row, stride])
        }
    }

    /// In the order in which they first came.
    func names(ofRow row: Int64) throws -> [MetricNameRow] {
        try db.rows("SELECT name, entry_count FROM operation_metric_names WHERE operation_id = ? ORDER BY metric_number", [row])
            .map { try MetricNameRow(name: $0[0], entryCount: $0.amount(1)) }
    }

    /// At most `limit` entries from `start` on, clipped to what is there; of an unknown name none.
    func entries(ofRow row: Int64, name: String, from start: Int, limit: Int) throws -> [MetricEntryRow] {
        let number = try db.number("SELECT metric_number FROM operation_metric_names WHERE operation_id = ? AND name = ?", [row, name])
        guard let number else { return [] }
        return try db.rows(
            """
            SELECT timestamp, tensor FROM operation_metrics
            WHERE operation_id = ? AND metric_number = ? AND entry_index >= ? ORDER BY entry_index LIMIT ?
            """, [row, number, start, limit]
        ).map { try MetricEntryRow(timestamp: $0[0], tensor: Array($0[1] as Data)) }
    }

    /// Later than `timestamp`, in order.
    func usage(ofRow row: Int64, after timestamp: Int64) throws -> [UsageRow] {
        try db.rows(
            """
            SELECT sample, timestamp, cpu_milli, memory_bytes, disk_bytes FROM operation_usage
            WHERE operation_id = ? AND timestamp > ? ORDER BY sample
            """, [row, timestamp]
        ).map { try UsageRow(sample: $0[0], timestamp: $0[1], cpuMilli: $0.amount(2), memoryBytes: $0.amount(3), diskBytes: $0[4]) }
    }
}
