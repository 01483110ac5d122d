import Synchronization

/// Lets those who change one file's content do so one after another, first come first served. Between processes the commit
/// tells them apart.
final class FileTurns: Sendable {
    struct File: Hashable {
        let model: ModelID
        let inode: InodeNumber
    }

    /// A file is listed while somebody has its turn, with those who wait for theirs.
    private let waiting = Mutex<[File: [CheckedContinuation<Void, Never>]]>([:])

    /// Runs `body` alone among those who name the same file. It does not take long: nothing is received meanwhile.
    func taking<T>(_ file: File, _ body: () async throws -> T) async throws -> T {
        await withCheckedContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                guard waiting[file] != nil else {
                    waiting[file] = []
                    return true
                }
                waiting[file]!.append(continuation)
                return false
            }
            if isFirst { continuation.resume() }
        }
        defer { pass(file) }
        return try await body()
    }

    private func pass(_ file: File) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[file]?.isEmpty == false else {
                waiting[file] = nil
                return nil
            }
            return waiting[file]!.removeFirst()
        }
        next?.resume()
    }
}
