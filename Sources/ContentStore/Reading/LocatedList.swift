import Synchronization

/// A chunk list with the places of its chunks, which are looked up a window ahead: who goes through a list asks for all of them.
///
/// Windows grow from 16 to 256 chunks, so that a read of few costs little and one of many few queries. Places may have changed
/// since: whoever finds a pack gone forgets them and asks again.
final class LocatedList: Sendable {
    typealias Places = [ChunkID: (ChunkLocation, base: ChunkLocation?)]

    private static let windowLeast = 16
    private static let windowMost = 256
    /// Windows that are kept behind the one that was asked for last: those ahead of a reader overlap a little.
    private static let windowsBehind = 2

    let entries: [ChunkListEntry]
    private let reader: ChunkReader
    private let windows = Mutex<[Int: Task<Places, any Error>]>([:])

    init(_ entries: [ChunkListEntry], _ reader: ChunkReader) {
        self.entries = entries
        self.reader = reader
    }

    /// The places of the chunks at `positions`, and of some others.
    /// - Complexity: two queries for each window that nobody asked for yet.
    func places(of positions: Range<Int>) async throws -> Places {
        guard !positions.isEmpty else { return [:] }
        let first = Self.window(of: positions.lowerBound)
        var places = try await window(first)
        for next in first + 1..<max(first + 1, Self.window(of: positions.upperBound - 1) + 1) {
            places.merge(try await window(next)) { place, _ in place }
        }
        return places
    }

    /// Lets the next one who asks look again.
    func forget() { windows.withLock { $0 = [:] } }

    private func window(_ number: Int) async throws -> Places {
        let task = windows.withLock { windows in
            let task = windows[number] ?? begin(number)
            windows[number] = task
            // The next one is there when it is asked for.
            if windows[number + 1] == nil, Self.positions(ofWindow: number + 1).lowerBound < entries.count {
                windows[number + 1] = begin(number + 1)
                windows = windows.filter { $0.key >= number - Self.windowsBehind }
            }
            return task
        }
        do {
            return try await task.value
        } catch {
            windows.withLock { $0[number] = nil }
            throw error
        }
    }

    private func begin(_ number: Int) -> Task<Places, any Error> {
        let range = Self.positions(ofWindow: number).clamped(to: entries.indices)
        return Task(executorPreference: WorkerExecutor.shared) { [reader, ids = entries[range].map(\.id)] in try await reader.locate(ids) }
    }

    /// Windows of 16, 32, 64 and 128 chunks, and of 256 from there on.
    private static func window(of position: Int) -> Int {
        let growing = (windowMost / windowLeast).trailingZeroBitCount
        let grown = windowMost - windowLeast
        guard position >= grown else { return Int.bitWidth - 1 - (position / windowLeast + 1).leadingZeroBitCount }
        return growing + (position - grown) / windowMost
    }

    private static func positions(ofWindow number: Int) -> Range<Int> {
        let growing = (windowMost / windowLeast).trailingZeroBitCount
        guard number >= growing else { return windowLeast * ((1 << number) - 1)..<windowLeast * ((2 << number) - 1) }
        let start = windowMost - windowLeast + (number - growing) * windowMost
        return start..<start + windowMost
    }
}
