import CKernels

/// Which field values a chunk has, most frequent first, and each value's place in that order. Used again and again.
final class RankTable {
    /// Field values in order; entries after `count` are 0.
    let values = UnsafeMutablePointer<UInt16>.allocate(capacity: Int(CK_RANKS_MAX))
    /// The rank of each field value.
    let ranks = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(CK_RANK_FIELD_VALUES))
    private(set) var count = 0
    private let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: Int(CK_RANK_FIELD_VALUES))
    /// Frequency in the high half, so that one comparison orders; the value, negated, in the low half breaks ties.
    private let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(CK_RANKS_MAX))

    init() {
        values.initialize(repeating: 0, count: Int(CK_RANKS_MAX))
        ranks.initialize(repeating: 0, count: Int(CK_RANK_FIELD_VALUES))
        counts.initialize(repeating: 0, count: Int(CK_RANK_FIELD_VALUES))
        keys.initialize(repeating: 0, count: Int(CK_RANKS_MAX))
    }

    deinit {
        values.deallocate()
        ranks.deallocate()
        counts.deallocate()
        keys.deallocate()
    }

    /// Ranks the field values of `elementCount` elements at `words`; false when there are more than 256 of them.
    func fill(_ words: UnsafeRawPointer, geometry: PlanePayload.Geometry) -> Bool {
        counts.update(repeating: 0, count: geometry.rankFieldValues)
        ck_rank_count(counts, words, geometry.elementCount, Int32(geometry.elementBytes))
        count = 0
        for value in 0..<geometry.rankFieldValues where counts[value] > 0 {
            guard count < Int(CK_RANKS_MAX) else { return false }
            keys[count] = UInt64(counts[value]) << 32 | UInt64(UInt32.max - UInt32(value))
            count += 1
        }
        sortKeys()
        for rank in 0..<count {
            let value = UInt32.max - UInt32(truncatingIfNeeded: keys[rank])
            values[rank] = UInt16(value)
            ranks[Int(value)] = UInt8(rank)
        }
        return true
    }

    /// Shell's sort with Ciura's gaps (2001), descending: a few hundred keys, no allocation.
    private func sortKeys() {
        for gap in [132, 57, 23, 10, 4, 1] where gap < count {
            for start in gap..<count {
                let key = keys[start]
                var place = start
                while place >= gap && keys[place - gap] < key {
                    keys[place] = keys[place - gap]
                    place -= gap
                }
                keys[place] = key
            }
        }
    }

    /// Reads a table from a payload.
    /// - Parameter entries: `geometry.rankEntryBytes` bytes for each of 1 to 256 entries.
    /// - Throws: `.corrupted` for a value that the field cannot have.
    func load(_ entries: UnsafeRawBufferPointer, geometry: PlanePayload.Geometry) throws(ContentError) {
        count = entries.count / geometry.rankEntryBytes
        precondition(count <= Int(CK_RANKS_MAX))
        values.update(repeating: 0, count: Int(CK_RANKS_MAX))
        for rank in 0..<count {
            let value =
                geometry.rankEntryBytes == 1
                ? UInt16(entries[rank])
                : UInt16(littleEndian: entries.loadUnaligned(fromByteOffset: 2 * rank, as: UInt16.self))
            guard Int(value) < geometry.rankFieldValues else {
                throw ContentError(.corrupted, "entry \(rank) of the rank table is \(value), above \(geometry.rankFieldValues - 1)")
            }
            values[rank] = value
        }
    }
}
