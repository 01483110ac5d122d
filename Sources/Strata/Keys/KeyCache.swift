import ContentStore
import Synchronization

/// Keys that were shown lately, by digest. An entry is trusted for a second: so long may a revocation by another process take.
final class KeyCache: Sendable {
    private struct Entry {
        let key: APIKey
        let until: ContinuousClock.Instant
    }

    private static let countMax = 10_000
    private static let lifetime = Duration.seconds(1)

    private let entries = Mutex<[Digest: Entry]>([:])

    func key(_ digest: Digest) -> APIKey? {
        entries.withLock { entries in
            guard let entry = entries[digest], entry.until > .now else { return nil }
            return entry.key
        }
    }

    func insert(_ key: APIKey, _ digest: Digest) {
        entries.withLock { entries in
            if entries.count >= Self.countMax { entries.removeAll() }
            entries[digest] = Entry(key: key, until: .now + Self.lifetime)
        }
    }

    func removeAll() { entries.withLock { $0.removeAll() } }
}
