import ContentStore
import Synchronization

/// The local disk, with something to do before or after chosen operations. Hooks run on the store's own threads and may block.
final class HookedDisk: StoreDisk {
    struct Hooks: Sendable {
        /// Gets each folder after it was listed.
        var afterList: @Sendable (_ path: String) -> Void = { _ in }
        /// Gets the path of each file before it is made durable.
        var beforeSync: @Sendable (_ path: String) throws(ContentError) -> Void = { _ throws(ContentError) in }
        /// Gets the path of each file before it is removed.
        var beforeRemove: @Sendable (_ path: String) throws(ContentError) -> Void = { _ throws(ContentError) in }
    }

    private let disk = LocalDisk()
    private let hooks: Mutex<Hooks>

    init(_ hooks: Hooks = Hooks()) { self.hooks = Mutex(hooks) }

    func set(_ change: (inout Hooks) -> Void) { hooks.withLock { change(&$0) } }

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        HookedFile(file: try disk.open(path, mode), path: path, hooks: hooks.withLock { $0 })
    }

    func list(_ path: String) throws(ContentError) -> [String] {
        let names = try disk.list(path)
        hooks.withLock { $0 }.afterList(path)
        return names
    }

    func link(_ path: String, to newPath: String) throws(ContentError) { try disk.link(path, to: newPath) }
    func rename(_ path: String, to newPath: String) throws(ContentError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(ContentError) {
        try hooks.withLock { $0 }.beforeRemove(path)
        try disk.remove(path)
    }

    func createDirectory(_ path: String) throws(ContentError) { try disk.createDirectory(path) }
    func removeDirectory(_ path: String) throws(ContentError) { try disk.removeDirectory(path) }
    func status(_ path: String) throws(ContentError) -> FileStatus? { try disk.status(path) }
    func syncDirectory(_ path: String) throws(ContentError) { try disk.syncDirectory(path) }
}

private final class HookedFile: DiskFile {
    private let file: any DiskFile
    private let path: String
    private let hooks: HookedDisk.Hooks

    init(file: any DiskFile, path: String, hooks: HookedDisk.Hooks) {
        (self.file, self.path, self.hooks) = (file, path, hooks)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) { try file.write(bytes, at: offset) }

    func sync() throws(ContentError) {
        try hooks.beforeSync(path)
        try file.sync()
    }

    func status() throws(ContentError) -> FileStatus { try file.status() }
    func tryLock() throws(ContentError) -> Bool { try file.tryLock() }

    func mark(_ number: Int64) throws(ContentError) { try file.mark(number) }
    func lowestMark() throws(ContentError) -> Int64? { try file.lowestMark() }
}
