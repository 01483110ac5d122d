import Testing

@testable import ContentStore

@Suite struct BoundedCacheTests {
    @Test func theLeastRecentlyUsedGoFirst() {
        var cache = BoundedCache<Int, String>(costMax: 4)
        for key in 0..<4 { cache.insert("\(key)", for: key, cost: 1) }
        #expect(cache.value(for: 0) == "0")
        cache.insert("4", for: 4, cost: 1)
        #expect(cache.value(for: 0) == "0" && cache.value(for: 4) == "4")
        #expect(cache.value(for: 1) == nil)
    }

    @Test func whatAlonePassesTheBoundIsNotKept() {
        var cache = BoundedCache<Int, Int>(costMax: 10)
        cache.insert(1, for: 1, cost: 11)
        #expect(cache.value(for: 1) == nil)
    }

    @Test func replacingAValueReplacesItsCost() {
        var cache = BoundedCache<Int, Int>(costMax: 10)
        for round in 0..<100 { cache.insert(round, for: 1, cost: 6) }
        cache.insert(7, for: 2, cost: 4)
        #expect(cache.value(for: 1) == 99 && cache.value(for: 2) == 7)
    }

    @Test func theBoundHoldsUnderRandomUse() {
        var generator = SeededGenerator(seed: 4)
        var cache = BoundedCache<Int, Int>(costMax: 50)
        var costs: [Int: Int] = [:]
        for _ in 0..<2000 {
            let (key, cost) = (Int.random(in: 0..<40, using: &generator), Int.random(in: 1...20, using: &generator))
            cache.insert(cost, for: key, cost: cost)
            costs[key] = cost
            #expect((0..<40).reduce(0) { $0 + (cache.value(for: $1) ?? 0) } <= 50)
        }
        cache.removeAll()
        #expect((0..<40).allSatisfy { cache.value(for: $0) == nil })
    }
}
