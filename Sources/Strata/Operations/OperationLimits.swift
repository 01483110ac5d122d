/// Bounds of what one operation's record may take.
enum OperationLimits {
    static let metricEntriesMax = 100_000
    static let metricBytesMax = 16 << 20
    static let metricNamesMax = 1000
    /// What is gathered before it is written, at most a pulse's worth.
    static let pendingEntriesMax = 1000
    static let pendingBytesMax = 1 << 20
    /// From here on every other sample goes, and half as many are taken.
    static let usageSamplesMax = 2048
    /// Of each of the two outputs.
    static let outputBytesMax = 256 << 10
    static let failureTextBytesMax = 64 << 10

    /// The end of a text, within `bytesMax`, behind a line that says how much is left out.
    static func end(of text: String, bytesMax: Int) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count > bytesMax else { return bytes }
        let missing = bytes.count - bytesMax
        // A character that was cut begins with continuation bytes.
        let end = bytes[missing...].drop { $0 & 0xC0 == 0x80 }
        return Array("[\(missing) bytes left out]\n".utf8) + end
    }
}
