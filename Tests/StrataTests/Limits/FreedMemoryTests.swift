import Glibc
import Strata
import Testing

@Suite struct FreedMemoryTests {
    /// In a process of its own, since it changes how all of it gets memory.
    @Test func whatWasFreedIsNotFaultedInAgain() async {
        await #expect(processExitsWith: .success) {
            StateStore.keepFreedMemory()
            let first = try #require(Self.faultsOfTwentyChunks())
            // Heaps grow by what the first round took; later ones find it.
            for _ in 0..<3 {
                let next = try #require(Self.faultsOfTwentyChunks())
                #expect(next < first / 4, "\(next) page faults, after \(first) in the first round")
            }
        }
    }

    /// Page faults of making twenty arrays of a chunk's size at once and freeing them.
    private static func faultsOfTwentyChunks() -> Int? {
        guard let before = pageFaults() else { return nil }
        var chunks = (0..<20).map { [UInt8](repeating: UInt8($0), count: 300_000) }
        let sum = chunks.reduce(0) { $0 + Int($1[299_999]) }
        chunks.removeAll()
        guard sum == 190, let after = pageFaults() else { return nil }
        return after - before
    }

    private static func pageFaults() -> Int? {
        var usage = rusage()
        return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? Int(usage.ru_minflt) : nil
    }
}
