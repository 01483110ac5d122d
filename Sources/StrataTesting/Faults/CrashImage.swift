import ContentStore
import Foundation

/// What a power failure leaves of a folder: everything that was synced, and of the rest what chance wants.
///
/// A file's bytes are durable by its own sync, a name by a sync of its folder. Of what was not synced each 512-byte
/// sector has any of the contents that were written to it, a file any of its sizes, and a name may be there or not.
public struct CrashImage {
    static let sectorBytes = 512

    /// What stands in the folder before the first operation of the log, all of it durable.
    private let base: FolderListing
    private let folder: String
    private let log: [DiskOperation]

    /// - Parameters:
    ///   - folder: the absolute path that the log's operations lie below; others are left out.
    ///   - base: a copy of that folder as it was when the log began.
    /// - Throws: what reading `base` throws.
    public init(of folder: String, base: String, log: [DiskOperation]) throws {
        self.base = try FolderListing(of: base)
        self.folder = folder
        self.log = log
    }

    /// Writes the image after the log's first `count` operations to a new folder.
    /// - Throws: what the file system throws.
    public func write(after count: Int, seed: UInt64, to target: String) throws {
        var disk = VolatileFolder(base)
        for operation in log.prefix(count) where !operation.hasFailed || operation.isPartialWrite {
            disk.apply(operation, below: folder)
        }
        var generator = SeededGenerator(seed: seed)
        let entries = disk.survivors(using: &generator)
        let files = FileManager.default
        try files.createDirectory(atPath: target, withIntermediateDirectories: true)
        for (name, content) in entries.sorted(by: { $0.key < $1.key }) {
            guard let content else {
                try files.createDirectory(atPath: target + "/" + name, withIntermediateDirectories: false)
                continue
            }
            try Data(content).write(to: URL(fileURLWithPath: target + "/" + name))
        }
    }
}

extension DiskOperation {
    fileprivate var isPartialWrite: Bool {
        if case .write = action { true } else { false }
    }
}
