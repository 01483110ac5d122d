import ContentStore
import Synchronization

/// What the catalog is to this module, in memory.
final class MemoryIndex: ChunkIndex {
    private struct State {
        var byDigest: [Digest: ChunkLocation] = [:]
        var byID: [ChunkID: ChunkLocation] = [:]
        var next: Int64 = 1
        var packs: Set<PackName> = []
    }

    private let state = Mutex(State())
    /// Runs before each look-up by content.
    private let beforeLocate: @Sendable (_ call: Int) async throws -> Void
    private let calls = Atomic<Int>(0)

    init(beforeLocate: @escaping @Sendable (_ call: Int) async throws -> Void = { _ in }) {
        self.beforeLocate = beforeLocate
    }

    func locate(_ digests: [Digest], horizon: Int64) async throws -> [ChunkLocation?] {
        try await beforeLocate(calls.wrappingAdd(1, ordering: .relaxed).oldValue)
        return state.withLock { state in digests.map { state.byDigest[$0] } }
    }

    func locate(_ ids: [ChunkID]) async throws -> [ChunkID: ChunkLocation] {
        state.withLock { state in
            Dictionary(ids.compactMap { id in state.byID[id].map { (id, $0) } }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Takes a commit's packs in, as the catalog's transaction does.
    func add(_ packs: [SealedPack]) {
        state.withLock { state in
            for pack in packs {
                state.packs.insert(pack.name)
                for chunk in pack.chunks where state.byDigest[chunk.digest] == nil {
                    let location = ChunkLocation(
                        id: ChunkID(state.next), digest: chunk.digest, pack: pack.name, offset: chunk.offset,
                        storedBytes: chunk.storedBytes, rawBytes: chunk.rawBytes, encoding: chunk.encoding,
                        checksum: chunk.checksum, base: chunk.base.map { state.byDigest[$0]!.id })
                    state.next += 1
                    state.byDigest[chunk.digest] = location
                    state.byID[location.id] = location
                }
            }
        }
    }

    func id(of digest: Digest) -> ChunkID? { state.withLock { $0.byDigest[digest]?.id } }

    var locations: [ChunkLocation] { state.withLock { $0.byID.values.sorted { $0.id < $1.id } } }

    var packs: Set<PackName> { state.withLock { $0.packs } }

    /// Replaces what the index says of a chunk.
    func replace(_ id: ChunkID, with location: ChunkLocation) {
        state.withLock { state in
            state.byID[id] = location
            state.byDigest[location.digest] = location
        }
    }
}

extension ChunkLocation {
    func with(
        id: ChunkID? = nil, digest: Digest? = nil, pack: PackName? = nil, offset: Int64? = nil, storedBytes: Int? = nil,
        rawBytes: Int? = nil
    ) -> ChunkLocation {
        ChunkLocation(
            id: id ?? self.id, digest: digest ?? self.digest, pack: pack ?? self.pack, offset: offset ?? self.offset,
            storedBytes: storedBytes ?? self.storedBytes, rawBytes: rawBytes ?? self.rawBytes, encoding: encoding,
            checksum: checksum, base: base)
    }
}
