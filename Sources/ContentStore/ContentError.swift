/// What went wrong below the catalog: files, packs, chunks.
///
/// The code is for programs, the message for people; `path` and `digest` say which thing.
public struct ContentError: Error, Sendable, CustomStringConvertible {
    /// Extensible, so that a new code breaks no caller's switch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        /// The system refused a file operation. A retry can help only when the cause (space, rights, handles) is mended.
        public static let io = Code("io")
        /// The disk or a quota is full.
        public static let noSpace = Code("no_space")
        /// The process has no file descriptors left.
        public static let tooManyOpenFiles = Code("too_many_open_files")
        /// A file that must be there is not.
        public static let notFound = Code("not_found")
        /// Bytes on disk do not match their digest or structure. The store stays usable.
        public static let corrupted = Code("corrupted")
        /// The bytes were written by a newer version.
        public static let unsupportedVersion = Code("unsupported_version")
        /// An earlier write of this session failed; nothing more is written through it.
        public static let poisoned = Code("poisoned")
        /// A lock is held by somebody else.
        public static let locked = Code("locked")
        /// A bound was passed.
        public static let limitExceeded = Code("limit_exceeded")
    }

    public let code: Code
    public let message: String
    /// The system's error number, where there was one.
    public let errno: Int32?
    public let path: String?
    public let digest: Digest?

    public init(_ code: Code, _ message: String, errno: Int32? = nil, path: String? = nil, digest: Digest? = nil) {
        self.code = code
        self.message = message
        self.errno = errno
        self.path = path
        self.digest = digest
    }

    public var description: String {
        let place = path.map { " (\($0))" } ?? ""
        return "\(code): \(message)\(place)"
    }
}
