/// A file, directory or symbolic link among a model's files.
public struct ModelFile: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, Codable {
        case file, directory, symlink
    }

    /// Names joined by `/`, without a leading one.
    public let path: String
    public let kind: Kind
    /// The nine permission bits and the three above them.
    public let permissions: UInt32
    public let sizeBytes: Int64
    /// Where a symbolic link points; stored as given, never followed.
    public let target: String?
    public let modifiedAtMilliseconds: Int64
}

/// A path below a model's root.
struct FilePath {
    static let nameBytesMax = 255
    static let bytesMax = 4096

    let names: [[UInt8]]
    let text: String

    /// Takes `a/b`, also with a leading `/`.
    /// - Throws: `invalid_parameter` for an empty path, an empty name, `.`, `..`, a name above 255 bytes, a zero byte.
    init(_ path: String) throws(StrataError) {
        let relative = path.hasPrefix("/") ? path.dropFirst() : path[...]
        guard !relative.isEmpty, relative.utf8.count <= Self.bytesMax else {
            throw .invalidParameter("path", "the path `\(path.prefix(60))` has \(relative.utf8.count) bytes; allowed are 1 to \(Self.bytesMax)")
        }
        let names = relative.split(separator: "/", omittingEmptySubsequences: false)
        for name in names {
            guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= Self.nameBytesMax, !name.utf8.contains(0) else {
                throw .invalidParameter(
                    "path",
                    "the name `\(name.prefix(60))` in the path `\(path.prefix(60))` is not allowed: a name is not empty, `.` or `..`, "
                        + "and has at most \(Self.nameBytesMax) bytes, none of them zero")
            }
        }
        self.names = names.map { Array($0.utf8) }
        text = String(relative)
    }
}
