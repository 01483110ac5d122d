import Foundation

/// Wall-clock time for records that people read. Nothing's safety rests on it.
enum Clock {
    /// Milliseconds since 1970-01-01 UTC.
    static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
