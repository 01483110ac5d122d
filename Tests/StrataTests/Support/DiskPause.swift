import Dispatch
import Synchronization

/// Stops a store at a moment of its work on the disk, while a test does something else. For `HookedDisk`'s hooks.
final class DiskPause: Sendable {
    private let reached = AsyncStream.makeStream(of: Void.self)
    private let goOn = DispatchSemaphore(value: 0)
    private let isUsed = Atomic<Bool>(false)

    /// Blocks the first caller until `whileStopped` is through; others pass.
    func stop() {
        guard !isUsed.exchange(true, ordering: .relaxed) else { return }
        reached.continuation.finish()
        goOn.wait()
    }

    /// Waits until somebody has stopped, runs `body` and lets them go on.
    func whileStopped(_ body: () async throws -> Void) async throws {
        for await _ in reached.stream {}
        defer { goOn.signal() }
        try await body()
    }
}
