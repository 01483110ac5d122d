import Glibc

/// The kernel's small files, and ours: read and written whole.
enum SmallFile {
    /// At most `bytesMax` bytes of the file; none when it cannot be read. Blocks.
    static func bytes(_ path: String, bytesMax: Int = 1 << 20) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < bytesMax {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    /// The same as text. Blocks.
    static func text(_ path: String, bytesMax: Int = 1 << 20) -> String {
        String(decoding: bytes(path, bytesMax: bytesMax), as: UTF8.self)
    }

    /// The number that a file holds, or that follows `name` on one of its lines. Blocks.
    static func number(_ path: String, after name: String? = nil) -> Int64? {
        let text = text(path)
        guard let name else { return Int64(text.split(whereSeparator: \.isWhitespace).first ?? "") }
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.count >= 2, words[0] == name { return Int64(words[1]) }
        }
        return nil
    }

    /// Writes to a file that exists, in one call. Blocks.
    ///
    /// - Returns: 0, or the error's number.
    @discardableResult
    static func write(_ text: String, to path: String) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count ? 0 : errno
    }

    /// Names in a folder, without `.` and `..`; none when it cannot be read. Blocks.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let bytes = nextName(in: folder) {
            let name = String(cString: bytes)
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// The name of an open folder's next entry, valid until the one after it; nil behind the last. Blocks.
    static func nextName(in folder: OpaquePointer) -> UnsafePointer<CChar>? {
        readdir(folder).map { UnsafePointer((UnsafeRawPointer($0) + nameOffset).assumingMemoryBound(to: CChar.self)) }
    }

    /// Where an entry's name begins. The entry itself must not be copied: it ends with its name, often before the
    /// 256 bytes that the type has, and behind the last one lies memory that is not ours.
    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!
}
