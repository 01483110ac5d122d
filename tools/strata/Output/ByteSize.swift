import ArgumentParser

/// A size as people write it: `500`, `500MB`, `1.5GiB`.
struct ByteSize: ExpressibleByArgument, Hashable {
    let bytes: Int64

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = argument.dropFirst(digits.count).trimmingPrefix(" ").lowercased()
        guard let number = Double(digits), let factor = Self.factors[unit], number * factor < 9e18 else { return nil }
        bytes = Int64(number * factor)
    }

    private static let factors: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]
}
