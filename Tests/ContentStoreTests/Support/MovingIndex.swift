import Synchronization

@testable import ContentStore

/// Answers a few times with a pack that is gone.
final class MovingIndex: ChunkIndex {
    let staleAnswers = Mutex(0)
    private let index: MemoryIndex

    init(_ index: MemoryIndex) { self.index = index }

    func locate(_ digests: [Digest], horizon: Int64) async throws -> [ChunkLocation?] {
        try await index.locate(digests, horizon: horizon)
    }

    func locate(_ ids: [ChunkID]) async throws -> [ChunkID: ChunkLocation] {
        let found = try await index.locate(ids)
        let isStale = staleAnswers.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        return isStale ? found.mapValues { $0.with(pack: PackName(Digest(of: [9]))) } : found
    }
}
