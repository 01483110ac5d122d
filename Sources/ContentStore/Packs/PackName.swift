/// A pack's name: the SHA-256 of its header and its directory, which holds every chunk's digest, place and checksum.
public struct PackName: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// `ab/abcd….pack`: the path below `packs/`.
    public var relativePath: String { "\(relativeFolder)/\(digest.hex).pack" }

    /// `ab`: one of 256 folders, so that none gets large.
    var relativeFolder: String { String(digest.hex.prefix(2)) }

    public var description: String { digest.hex }
}
