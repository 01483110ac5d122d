import Catalog
import ContentStore
import Foundation
import Synchronization

/// Collects changes to a model's files, which become visible together. One task at a time may use it.
public final class FilesWriter: Sendable {
    private enum Step {
        case done(FileChange)
        /// Value number `number` of the session becomes the file's content.
        case content(FilePath, permissions: UInt32, number: Int)
    }

    private struct Progress {
        var steps: [Step] = []
        var finished: [ValueWriter.Finished] = []
    }

    private let session: IngestSession
    private let progress = Mutex(Progress())

    init(session: IngestSession) { self.session = session }

    /// Makes or replaces a regular file; parents that are missing are made.
    public func put(_ path: String, _ bytes: [UInt8], permissions: UInt32 = 0o644) async throws {
        try await put(try FilePath(path), permissions) { try await $0.write(bytes) }
    }

    /// Makes or replaces a regular file with the content and permissions of a local one.
    public func put(_ path: String, fileAt local: String) async throws {
        let file = try await LocalInput.open(local)
        let attributes = try FileManager.default.attributesOfItem(atPath: local)
        let permissions = (attributes[.posixPermissions] as? NSNumber)?.uint32Value ?? 0o644
        let position = SequentialPosition()
        try await put(try FilePath(path), permissions) { writer in
            try await writer.write { buffer throws(ContentError) in
                let count = try file.read(into: buffer, at: position.value)
                position.advance(by: count)
                return count
            }
        }
    }

    public func makeDirectory(_ path: String, permissions: UInt32 = 0o755) throws {
        try add(.directory(path: FilePath(path).names, permissions: permissions))
    }

    /// Makes or replaces a symbolic link. The target is stored as given and never followed.
    public func makeSymlink(_ path: String, to target: String) throws {
        guard !target.isEmpty, target.utf8.count <= FilePath.bytesMax, !target.utf8.contains(0) else {
            throw StrataError.invalidParameter("target", "the link's target has \(target.utf8.count) bytes or a zero byte; allowed are 1 to \(FilePath.bytesMax)")
        }
        try add(.symlink(path: FilePath(path).names, target: Array(target.utf8)))
    }

    /// - Throws at the end: `file_not_found`, `directory_not_empty` unless `recursively`.
    public func remove(_ path: String, recursively: Bool = false) throws {
        try add(.remove(path: FilePath(path).names, recursively: recursively))
    }

    public func rename(_ path: String, to newPath: String) throws {
        try add(.rename(from: FilePath(path).names, to: FilePath(newPath).names))
    }

    /// Takes over a local folder's tree: directories, regular files and symbolic links; other kinds are refused.
    public func putTree(_ folder: String, at path: String = "") async throws {
        let prefix = path.isEmpty ? "" : path + "/"
        for entry in try LocalTree.entries(of: folder) {
            let target = prefix + entry.path
            switch entry.kind {
            case .directory: try makeDirectory(target, permissions: entry.permissions)
            case .symlink(let destination): try makeSymlink(target, to: destination)
            case .file: try await put(target, fileAt: folder + "/" + entry.path)
            }
        }
    }

    private func add(_ change: FileChange) throws { progress.withLock { $0.steps.append(.done(change)) } }

    private func put(_ path: FilePath, _ permissions: UInt32, _ write: (ValueWriter) async throws -> Void) async throws {
        let number = progress.withLock { $0.finished.count }
        let value = session.beginValue(number: number, base: nil)
        try await write(value)
        let finished = try await value.finish()
        progress.withLock { progress in
            progress.finished.append(finished)
            progress.steps.append(.content(path, permissions: permissions, number: number))
        }
    }

    /// Seals what was written.
    func close() async throws -> (changes: [FileChange], packs: [SealedPack]) {
        let (steps, finished) = progress.withLock { ($0.steps, $0.finished) }
        let (packs, values) = try await session.finish(values: finished) { _ in [] }
        let changes = steps.map { step -> FileChange in
            switch step {
            case .done(let change): change
            case .content(let path, let permissions, let number):
                .file(path: path.names, permissions: permissions, content: values[number])
            }
        }
        return (changes, packs)
    }
}
