import Foundation
import Testing

@testable import StrataCommand

@Suite struct TextTests {
    @Test func sizesAndTimesReadAsPeopleWriteThem() {
        let sizes: [(Int64, String)] = [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1075, "1.0 KiB"), (1076, "1.1 KiB"), (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"), (90_868_376, "86.7 MiB"), (.max, "8192.0 PiB"), (-90_868_376, "-86.7 MiB"),
        ]
        for (bytes, text) in sizes { #expect(Text.size(bytes) == text, "\(bytes)") }
        let times = [(999, "999 ms"), (1000, "1.00 s"), (1004, "1.00 s"), (1006, "1.01 s"), (59_994, "59.99 s"), (65_000, "1 min 5 s")]
        for (milliseconds, text) in times { #expect(Text.duration(milliseconds: milliseconds) == text, "\(milliseconds)") }
    }

    /// But for numbers half-way between two, which its format looks at more closely.
    @Test func decimalsAreThoseOfFoundation() {
        for step in 0..<20_000 {
            let value = Double(step) * 0.517_137_1 - 1000
            #expect(Text.decimal(value, places: 1) == String(format: "%.1f", value), "\(value)")
            #expect(Text.decimal(value, places: 2) == String(format: "%.2f", value), "\(value)")
        }
    }
}
