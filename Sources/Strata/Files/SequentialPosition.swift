import Synchronization

/// Where a sequential reader of a file stands.
final class SequentialPosition: Sendable {
    private let offset = Atomic<Int64>(0)

    var value: Int64 { offset.load(ordering: .relaxed) }

    func advance(by count: Int) { offset.wrappingAdd(Int64(count), ordering: .relaxed) }
}
