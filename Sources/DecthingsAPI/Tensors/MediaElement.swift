/// One element of an image, audio or video tensor.
public struct MediaElement: Sendable, Hashable {
    /// Name of the format in bytes, such as `png`; at most `formatSizeBytesMax`.
    public let format: ArraySlice<UInt8>
    public let data: ArraySlice<UInt8>

    /// A first element byte from 32 up means the old layout, so longer formats could not be told apart.
    public static let formatSizeBytesMax = 31

    /// - Precondition: `format` has at most `formatSizeBytesMax` bytes.
    public init(format: some Sequence<UInt8>, data: ArraySlice<UInt8>) {
        self.format = ArraySlice(format)
        self.data = data
        precondition(self.format.count <= Self.formatSizeBytesMax, "a media format has at most 31 bytes")
    }

    public init(format: String, data: [UInt8]) {
        self.init(format: format.utf8, data: data[...])
    }

    public static func == (a: MediaElement, b: MediaElement) -> Bool {
        a.format.elementsEqual(b.format) && a.data.elementsEqual(b.data)
    }

    /// The format in exactly three bytes, as the old layout needs it: four well-known names are abbreviated, others cut
    /// or padded with spaces.
    var threeByteFormat: [UInt8] {
        let known = ["jpeg": "jpg", "tiff": "tif", "webp": "web", "mpeg": "mpg"]
        let name = String(decoding: format, as: UTF8.self)
        let bytes = known[name].map { Array($0.utf8) } ?? Array(format.prefix(3))
        return bytes + Array(repeating: UInt8(ascii: " "), count: 3 - bytes.count)
    }
}

/// How media elements are laid out; clients and runtimes of different ages disagree.
public enum MediaLayout: Sendable, Hashable {
    /// Exactly three format bytes, then data: the Python client and Python models.
    case threeByteFormat
    /// u8 length of the format, format, data: everybody else, and the canonical form.
    case lengthPrefixedFormat

    /// The layout that the client with this `User-Agent` reads; nil means that it sent none.
    public init(userAgent: String?) {
        let agent = userAgent ?? ""
        self = agent.hasPrefix("python-requests") || agent.contains("aiohttp") ? .threeByteFormat : .lengthPrefixedFormat
    }
}
