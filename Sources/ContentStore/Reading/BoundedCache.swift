/// Keeps values up to a total cost; the least recently used go first. All operations are O(1) but for evictions.
struct BoundedCache<Key: Hashable, Value> {
    private struct Entry {
        var value: Value
        var cost: Int
        var lastUse: UInt64
    }

    private let costMax: Int
    private var entries: [Key: Entry] = [:]
    private var cost = 0
    private var clock: UInt64 = 0

    init(costMax: Int) { self.costMax = costMax }

    mutating func value(for key: Key) -> Value? {
        clock += 1
        entries[key]?.lastUse = clock
        return entries[key]?.value
    }

    /// Keeps `value` unless its cost alone passes the bound.
    mutating func insert(_ value: Value, for key: Key, cost added: Int) {
        guard added <= costMax else { return }
        clock += 1
        if let old = entries.updateValue(Entry(value: value, cost: added, lastUse: clock), forKey: key) { cost -= old.cost }
        cost += added
        if cost > costMax { evict() }
    }

    /// Makes room down to three quarters, so that evictions come rarely and their sort is paid for by many inserts.
    private mutating func evict() {
        for (key, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            guard cost > costMax / 4 * 3 else { return }
            entries[key] = nil
            cost -= entry.cost
        }
    }

    mutating func removeAll() {
        entries = [:]
        cost = 0
    }
}
