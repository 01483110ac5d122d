import Foundation
import Strata

/// Files of the user, outside of the store.
enum LocalFile {
    enum Kind {
        case file, directory, other
    }

    /// What is at a path, symbolic links followed.
    /// - Throws: `file_not_found`.
    static func kind(_ path: String) throws -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { throw missing(path) }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        default: .other
        }
    }

    /// A regular file's size; nil for pipes and devices.
    static func sizeBytes(_ path: String) throws -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { throw missing(path) }
        return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    /// Reads a file whole; `-` is standard input.
    static func read(_ path: String) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in try FilePieces(path) { bytes += piece }
        return bytes
    }

    /// Makes a folder that is missing, or takes an empty one.
    /// - Throws: `directory_not_empty`, `not_a_directory`, `io`.
    /// - Returns: whether it was made.
    @discardableResult
    static func prepareFolder(_ path: String) async throws -> Bool {
        try await BlockingWork.run {
            if FileManager.default.fileExists(atPath: path) {
                guard try kind(path) == .directory else {
                    throw StrataError(.notADirectory, "`\(path)` is no folder; name a new or empty one")
                }
                guard try FileManager.default.contentsOfDirectory(atPath: path).isEmpty else {
                    throw StrataError(.directoryNotEmpty, "the folder `\(path)` is not empty; name a new or empty one")
                }
                return false
            }
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw StrataError(.io, "cannot make the folder `\(path)`: \(error.localizedDescription)")
            }
            return true
        }
    }

    /// Makes or takes an empty folder, lets `body` fill it, and empties it again when that fails.
    static func filling(_ folder: String, _ body: () async throws -> Void) async throws {
        let isNew = try await prepareFolder(folder)
        do {
            try await body()
        } catch {
            let manager = FileManager.default
            for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] {
                try? manager.removeItem(atPath: folder + "/" + name)
            }
            if isNew { try? manager.removeItem(atPath: folder) }
            throw error
        }
    }

    static func missing(_ path: String) -> StrataError {
        let reason = String(cString: strerror(errno))
        return StrataError(
            errno == ENOENT ? .fileNotFound : .io, "cannot read `\(path)`: \(reason)", context: ["path": path])
    }
}

/// A file's content, or what comes on standard input, in pieces.
struct FilePieces: AsyncSequence {
    static let pieceBytes = 1 << 20

    let path: String
    let progress: Progress?

    /// - Throws: `file_not_found`, `is_a_directory`.
    init(_ path: String, progress: Progress? = nil) throws {
        self.path = path
        self.progress = progress
        if path != "-", try LocalFile.kind(path) == .directory {
            throw StrataError(.isADirectory, "`\(path)` is a folder; name a file", context: ["path": path])
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(path: path, progress: progress) }

    struct Iterator: AsyncIteratorProtocol {
        let path: String
        let progress: Progress?
        private var descriptor: OwnedDescriptor?

        init(path: String, progress: Progress?) {
            self.path = path
            self.progress = progress
        }

        mutating func next() async throws -> [UInt8]? {
            if descriptor == nil { descriptor = try OwnedDescriptor(path) }
            guard let descriptor else { return nil }
            if path == "-" { try await Descriptor.wait(0, for: POLLIN) }
            let path = path
            let piece = try await BlockingWork.run {
                try [UInt8](unsafeUninitializedCapacity: FilePieces.pieceBytes) { buffer, count in
                    let got = read(descriptor.number, buffer.baseAddress, buffer.count)
                    guard got >= 0 else {
                        throw StrataError(.io, "reading `\(path)` failed: \(String(cString: strerror(errno)))", context: ["path": path])
                    }
                    count = got
                }
            }
            progress?.advance(by: piece.count)
            return piece.isEmpty ? nil : piece
        }
    }
}

/// A descriptor that is closed with its last owner; standard input never.
final class OwnedDescriptor: Sendable {
    let number: Int32

    init(_ path: String) throws {
        number = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        if number < 0 { throw LocalFile.missing(path) }
    }

    deinit {
        if number > 2 { close(number) }
    }
}
