import Catalog
import ContentStore
import Foundation

/// A tree of files in the store: of a model, a snapshot or a mount.
struct StoredFiles: MountedFiles {
    let rows: @Sendable () async throws -> [FileRow]
    let catalog: Catalog
    let reader: ChunkReader

    func list() async throws -> [ModelFile] { try await rows().map(ModelFile.init) }

    /// Hands a regular file's bytes to `consume` in order.
    /// - Throws: `file_not_found`, `is_a_directory`, `invalid_parameter` for a symbolic link.
    func read(
        _ path: String, in range: Range<Int64> = 0..<Int64.max, _ consume: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        let wanted = try FilePath(path)
        guard let row = try await rows().first(where: { $0.path.elementsEqual(wanted.text.utf8) }) else {
            throw StrataError(.fileNotFound, "there is no file `\(path)`", context: ["path": path])
        }
        switch ModelFile(row).kind {
        case .directory: throw StrataError(.isADirectory, "`\(path)` is a directory", context: ["path": path])
        case .symlink: throw StrataError.invalidParameter("path", "`\(path)` is a symbolic link; read what it points to")
        case .file: try await read(row, in: range, consume)
        }
    }

    private func read(
        _ row: FileRow, in range: Range<Int64>, _ consume: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        guard let value = row.value else { return }
        try await ValueSource(id: value, catalog: catalog, reader: reader).read(range.clamped(to: 0..<row.sizeBytes), consume)
    }

    func layOut(in folder: String) async throws {
        let rows = try await rows()
        for row in rows {
            let path = folder + "/" + String(decoding: row.path, as: UTF8.self)
            try Task.checkCancellation()
            switch ModelFile(row).kind {
            case .directory: try await blocking { () throws(ContentError) in try LocalDisk().createDirectory(path) }
            case .symlink:
                let target = String(decoding: row.symlinkTarget ?? [], as: UTF8.self)
                try await blocking { try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target) }
            case .file: try await layOut(row, at: path)
            }
        }
        // Last and from below, since a directory that cannot be written could not be filled.
        for row in rows.reversed() where ModelFile(row).kind == .directory {
            try await setPermissions(row, at: folder + "/" + String(decoding: row.path, as: UTF8.self))
        }
    }

    private func layOut(_ row: FileRow, at path: String) async throws {
        let file = try await blocking { () throws(ContentError) in try LocalDisk().open(path, .create) }
        let position = SequentialPosition()
        try await read(row, in: 0..<Int64.max) { piece in
            try await blocking { () throws(ContentError) in
                let result = piece.withUnsafeBytes { bytes in
                    Result { () throws(ContentError) in try file.write(bytes, at: position.value) }
                }
                try result.get()
            }
            position.advance(by: piece.count)
        }
        try await setPermissions(row, at: path)
    }

    private func setPermissions(_ row: FileRow, at path: String) async throws {
        let permissions = Int(row.mode & 0o7777)
        try await blocking { try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path) }
    }

    private func blocking<T: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws(Failure) -> T {
        try await WorkerExecutor.run(body)
    }
}

extension ModelFile {
    init(_ row: FileRow) {
        let kind: Kind =
            switch row.mode & 0o170000 {
            case 0o040000: .directory
            case 0o120000: .symlink
            default: .file
            }
        self.init(
            path: String(decoding: row.path, as: UTF8.self), kind: kind, permissions: row.mode & 0o7777,
            sizeBytes: row.symlinkTarget.map { Int64($0.count) } ?? row.sizeBytes,
            target: row.symlinkTarget.map { String(decoding: $0, as: UTF8.self) },
            modifiedAtMilliseconds: row.modifiedAtNanoseconds / 1_000_000)
    }
}
