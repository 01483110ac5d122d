import ContentStore
import Foundation

/// What backups and restores ask of the folders that they write to, and the few file operations that both need. Blocks.
enum FolderRules {
    /// - Throws: `invalid_parameter` for a path that is too long, or one and the same as, above or below the source's.
    static func check(_ target: StoreLayout, on disk: any StoreDisk, apartFrom source: StoreLayout, _ what: String) throws {
        guard target.root.utf8.count <= StoreLayout.rootBytesMax else {
            throw StrataError.invalidParameter(
                "path",
                "the path of the \(what) has \(target.root.utf8.count) bytes, at most \(StoreLayout.rootBytesMax) are allowed; choose a shorter one")
        }
        let (ours, theirs) = (try disk.status(target.root), try disk.status(source.root))
        let isSame = ours != nil && ours?.device == theirs?.device && ours?.inode == theirs?.inode
        guard !isSame, !isBelow(target.root, source.root), !isBelow(source.root, target.root) else {
            throw StrataError.invalidParameter(
                "path", "the \(what) `\(target.root)` would lie in what it is made of, `\(source.root)`; name a folder apart from it")
        }
    }

    private static func isBelow(_ path: String, _ folder: String) -> Bool { path == folder || path.hasPrefix(folder + "/") }

    /// Makes the folder itself; the one above must be there.
    static func make(_ target: StoreLayout, on disk: any StoreDisk) throws {
        do {
            try disk.createDirectory(target.root)
        } catch {
            guard error.code == .notFound else { throw error }
            throw StrataError.invalidParameter("path", "there is no folder to make `\(target.root)` in; make that first")
        }
    }

    /// Takes a file's lock; false when somebody holds it.
    ///
    /// A process that this one starts shares its locks until it runs its program: one that was just let go may still be held.
    static func lock(_ file: any DiskFile) throws(ContentError) -> Bool {
        for _ in 0..<20 {
            if try file.tryLock() { return true }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return try file.tryLock()
    }

    static func read(_ path: String, on disk: any StoreDisk) throws -> String {
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = try bytes.withUnsafeMutableBytes { buffer in
            try Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }.get()
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Writes a new file and makes its bytes durable.
    static func write(_ text: String, to file: any DiskFile) throws {
        try Array(text.utf8).withUnsafeBytes { buffer in
            try Result { () throws(ContentError) in try file.write(buffer, at: 0) }.get()
        }
        try file.sync()
    }

    /// Copies a file to a new one and makes its bytes durable.
    static func copy(_ path: String, to target: String, on disk: any StoreDisk) throws {
        let (source, file) = (try disk.open(path, .read), try disk.open(target, .create))
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while true {
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try Result { () throws(ContentError) in try source.read(into: bytes, at: offset) }.get()
            }
            guard count > 0 else { break }
            try buffer[..<count].withUnsafeBytes { bytes in
                try Result { () throws(ContentError) in try file.write(bytes, at: offset) }.get()
            }
            offset += Int64(count)
        }
        try file.sync()
    }
}
