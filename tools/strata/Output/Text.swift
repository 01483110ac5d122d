import Foundation

/// Words and numbers for people.
enum Text {
    /// `86.7 MiB`, `512 B`.
    static func size(_ bytes: Int64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(bytes)
        var unit = "B"
        for next in units where value.magnitude >= 1023.95 {
            value /= 1024
            unit = next
        }
        return unit == "B" ? "\(bytes) B" : "\(decimal(value, places: 1)) \(unit)"
    }

    /// `86.7`, of a number that is not huge. (Foundation's formats load a locale first, which takes milliseconds.)
    static func decimal(_ value: Double, places: Int) -> String {
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((value.magnitude * Double(scale)).rounded(.toNearestOrEven))
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(value < 0 ? "-" : "")\(scaled / scale).\(zeros)\(fraction)"
    }

    /// `86.7 MiB (90,868,376 bytes)`.
    static func exactSize(_ bytes: Int64) -> String {
        bytes < 1024 ? "\(count(bytes)) bytes" : "\(size(bytes)) (\(count(bytes)) bytes)"
    }

    /// `90,868,376`.
    static func count(_ number: some BinaryInteger) -> String {
        var out = ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { out.append(",") }
            out.append(digit)
        }
        return (number < 0 ? "-" : "") + out
    }

    /// `12.5 %`, `25 %`.
    static func percent(_ share: Double) -> String {
        let tenths = (share * 1000).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths)) %" : "\(tenths) %"
    }

    /// `1 state`, `2 states`.
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `0.42 s`, `1 min 5 s`.
    static func duration(milliseconds: Int) -> String {
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds < 60_000 { return "\(decimal(Double(milliseconds) / 1000, places: 2)) s" }
        return "\(milliseconds / 60_000) min \(milliseconds % 60_000 / 1000) s"
    }

    /// `2026-03-01T12:34:56Z`.
    static func date(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
    }

    /// `2026-03-01T12:34:56.789Z`, for JSON.
    static func exactDate(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// `0644`.
    static func permissions(_ bits: UInt32) -> String {
        let octal = String(bits, radix: 8)
        return String(repeating: "0", count: max(0, 4 - octal.count)) + octal
    }

    /// What a terminal may be given: control characters, which could move its cursor, become `?`.
    static func printable(_ text: String, keepsLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isKept = !isControl(scalar) || (keepsLines && (scalar == "\n" || scalar == "\t"))
            out.append(isKept ? scalar : "?")
        }
        return String(out)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 || (127..<160).contains(scalar.value)
    }
}
