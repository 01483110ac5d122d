import Synchronization

@testable import ContentStore

/// A disk that fails its Nth operation: once, or from then on until it is healed.
final class FaultyDisk: StoreDisk {
    enum Mode: CaseIterable { case transient, persistent }

    private struct State {
        var failing: Int
        var mode: Mode
        var operations = 0
        var hasFired = false
    }

    private let disk = LocalDisk()
    private let state: Mutex<State>

    /// - Parameter failing: 1 is the first operation; 0 fails none.
    init(failing: Int = 0, mode: Mode = .transient) { state = Mutex(State(failing: failing, mode: mode)) }

    var hasFired: Bool { state.withLock { $0.hasFired } }

    func heal() { state.withLock { $0.failing = 0 } }

    /// Lets `after` more operations pass and fails then.
    func fail(after: Int, mode: Mode) {
        state.withLock { state in
            state.failing = state.operations + after + 1
            state.mode = mode
        }
    }

    fileprivate func count(_ operation: String, _ path: String) throws(ContentError) {
        let fails = state.withLock { state in
            state.operations += 1
            guard state.failing > 0 else { return false }
            let fails = state.mode == .transient ? state.operations == state.failing : state.operations >= state.failing
            if fails { state.hasFired = true }
            return fails
        }
        if fails { throw ContentError(.noSpace, "injected: \(operation)", errno: 28, path: path) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile {
        try count("open", path)
        return FaultyFile(file: try disk.open(path, mode), path: path, disk: self)
    }

    func link(_ path: String, to newPath: String) throws(ContentError) {
        try count("link", path)
        try disk.link(path, to: newPath)
    }

    func rename(_ path: String, to newPath: String) throws(ContentError) {
        try count("rename", path)
        try disk.rename(path, to: newPath)
    }

    func remove(_ path: String) throws(ContentError) {
        try count("remove", path)
        try disk.remove(path)
    }

    func createDirectory(_ path: String) throws(ContentError) {
        try count("create folder", path)
        try disk.createDirectory(path)
    }

    func removeDirectory(_ path: String) throws(ContentError) {
        try count("remove folder", path)
        try disk.removeDirectory(path)
    }

    func list(_ path: String) throws(ContentError) -> [String] {
        try count("list", path)
        return try disk.list(path)
    }

    func status(_ path: String) throws(ContentError) -> FileStatus? {
        try count("status", path)
        return try disk.status(path)
    }

    func syncDirectory(_ path: String) throws(ContentError) {
        try count("sync folder", path)
        try disk.syncDirectory(path)
    }
}

private final class FaultyFile: DiskFile {
    private let file: any DiskFile
    private let path: String
    private let disk: FaultyDisk

    init(file: any DiskFile, path: String, disk: FaultyDisk) {
        (self.file, self.path, self.disk) = (file, path, disk)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try disk.count("read", path)
        return try file.read(into: buffer, at: offset)
    }

    /// A failed write leaves half of its bytes.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        do {
            try disk.count("write", path)
        } catch {
            try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), at: offset)
            throw error
        }
        try file.write(bytes, at: offset)
    }

    func sync() throws(ContentError) {
        try disk.count("sync", path)
        try file.sync()
    }

    func status() throws(ContentError) -> FileStatus {
        try disk.count("status", path)
        return try file.status()
    }

    func tryLock() throws(ContentError) -> Bool {
        try disk.count("lock", path)
        return try file.tryLock()
    }

    func mark(_ number: Int64) throws(ContentError) { try file.mark(number) }
    func lowestMark() throws(ContentError) -> Int64? { try file.lowestMark() }
}
