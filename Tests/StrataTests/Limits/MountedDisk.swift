import Foundation
import Testing

/// A small file system in memory, mounted for one test: a disk that can really be full or read-only.
struct MountedDisk {
    let path: String

    /// Whether this process may mount: the tests that need it are skipped otherwise, and say so.
    static let isAllowed: Bool = {
        guard getuid() == 0 else { return false }
        let folder = NSTemporaryDirectory() + "/strata-mount-\(UUID().uuidString)"
        guard (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)) != nil else { return false }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) else { return false }
        return run("umount", folder)
    }()

    /// Runs `body` with a new disk of this size.
    static func with(mebibytes: Int, _ body: (MountedDisk) async throws -> Void) async throws {
        let path = URL(fileURLWithPath: NSTemporaryDirectory() + "/strata-disk-\(UUID().uuidString.lowercased())").standardizedFileURL.path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try #require(run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path))
        defer {
            _ = run("umount", "-l", path)
            try? FileManager.default.removeItem(atPath: path)
        }
        try await body(MountedDisk(path: path))
    }

    func resize(mebibytes: Int) throws { try #require(Self.run("mount", "-o", "remount,size=\(mebibytes)m", path)) }

    func makeReadOnly(_ isReadOnly: Bool) throws { try #require(Self.run("mount", "-o", "remount,\(isReadOnly ? "ro" : "rw")", path)) }

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
