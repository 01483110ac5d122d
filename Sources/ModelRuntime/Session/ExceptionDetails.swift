import DecthingsAPI
import Strata

/// What code says of its exception, which it could make as long as a message.
enum ExceptionDetails {
    /// Most bytes that are passed on; as much as an operation's record keeps.
    static let sizeBytesMax = 64 << 10
    private static let noteSizeBytesMax = 64

    /// All of a failure's details where they fit, else their beginning and end, of whole characters, with a line between
    /// that says how much is left out. Its code where it has none.
    static func text(of failure: RuntimeFailure) -> String { bounded(failure.details ?? failure.code) }

    static func bounded(_ text: String) -> String {
        guard text.utf8.count > sizeBytesMax else { return text }
        let part = (sizeBytesMax - noteSizeBytesMax) / 2
        // The bytes behind a character's first one begin with the bits 10.
        let bytes = Array(text.utf8)
        var head = part
        while head > 0, bytes[head] & 0xC0 == 0x80 { head -= 1 }
        var tail = bytes.count - part
        while tail < bytes.count, bytes[tail] & 0xC0 == 0x80 { tail += 1 }
        return String(decoding: bytes[..<head], as: UTF8.self) + "\n[\(tail - head) bytes left out]\n"
            + String(decoding: bytes[tail...], as: UTF8.self)
    }
}
