/// A pack's name: the SHA-256 of its directory, which holds every chunk's digest, place and checksum.
public struct PackName: Hashable, Sendable, CustomStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// `ab/abcd….pack`: the path below `packs/`.
    public var relativePath: String { "\(digest.hex.prefix(2))/\(digest.hex).pack" }

    public var description: String { digest.hex }
}
