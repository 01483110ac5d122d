import Foundation
import Glibc
import Strata

/// The private folder of one model session; only this user may look into it.
///
/// ```
/// <root>/strata-XXXXXX/
///   model/        the code's files, and the process's working directory
///   mounts/<n>/   the files of mounted model n
///   home/ tmp/    scratch, the process's HOME and TMPDIR
///   preload.cjs   what Node loads before the runtime
///   s             socket
/// ```
struct WorkingFolder: Sendable {
    let path: String

    var model: String { path + "/model" }
    var home: String { path + "/home" }
    var temporary: String { path + "/tmp" }
    var socket: String { path + "/s" }

    /// A socket's path must be shorter than this, in bytes.
    static let socketPathBytesMax = 104

    /// Makes a new folder below `root`, which is made when it is missing. Blocks.
    static func make(below root: String) throws -> WorkingFolder {
        // The process changes its folder, so all paths that it is told must be absolute.
        let root = root.hasPrefix("/") ? root : FileManager.default.currentDirectoryPath + "/" + root
        var template = Array((root + "/strata-XXXXXX").utf8CString)
        let socketPathBytes = template.count - 1 + "/s".utf8.count
        guard socketPathBytes < socketPathBytesMax else {
            throw ExecutionFailure.unknown(
                reason: "the temporary root \(root) is too long: a socket's path in it takes \(socketPathBytes) bytes, "
                    + "it must be below \(socketPathBytesMax); configure a shorter one")
        }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        guard mkdtemp(&template) != nil else { throw failure("make a folder in", root, errno) }
        let folder = WorkingFolder(path: template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
        do {
            for path in [folder.model, folder.path + "/mounts", folder.home, folder.temporary] { try makeFolder(path) }
            try Data(NodeInterpreter.preloadText.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + NodeInterpreter.preload))
        } catch {
            folder.remove()
            throw error
        }
        return folder
    }

    /// Makes the folder of mounted model `number`. Blocks.
    func makeMount(_ number: Int) throws -> String {
        let mount = path + "/mounts/\(number)"
        try Self.makeFolder(mount)
        return mount
    }

    /// Removes the folders of all mounted models. Blocks.
    func removeMounts() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path + "/mounts")) ?? [] {
            try? FileManager.default.removeItem(atPath: path + "/mounts/" + name)
        }
    }

    /// Removes everything, links unfollowed, also from folders that the model closed to itself. Blocks.
    ///
    /// - Returns: why something is left, nil when nothing is.
    @discardableResult
    func remove() -> (any Error)? {
        do {
            try FileManager.default.removeItem(atPath: path)
            return nil
        } catch {
            openFolders()
        }
        do {
            try FileManager.default.removeItem(atPath: path)
            return nil
        } catch {
            return FileManager.default.fileExists(atPath: path) ? error : nil
        }
    }

    private func openFolders() {
        chmod(path, 0o700)
        // Top down: the enumerator reads a folder after it was handed out, and so after it was opened.
        guard let walk = FileManager.default.enumerator(atPath: path) else { return }
        for case let relative as String in walk {
            guard walk.fileAttributes?[.type] as? FileAttributeType == .typeDirectory else { continue }
            chmod(path + "/" + relative, 0o700)
        }
    }

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else { throw failure("make", path, errno) }
    }

    private static func failure(_ action: String, _ path: String, _ code: Int32) -> ExecutionFailure {
        .unknown(reason: "the host cannot \(action) \(path): \(String(cString: strerror(code)))")
    }
}
