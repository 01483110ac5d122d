import Synchronization

/// What `body` came to, nil when it took longer than `limit`; it is left to itself then.
func outcome<T: Sendable>(
    within limit: Duration, of body: @escaping @Sendable () async throws -> T
) async -> Result<T, any Error>? {
    let box = Box<Result<T, any Error>>()
    Task {
        do {
            box.set(.success(try await body()))
        } catch {
            box.set(.failure(error))
        }
    }
    let deadline = ContinuousClock.now + limit
    while box.get() == nil, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
    return box.get()
}

/// Waits until `condition` holds, at most as long as `limit`.
///
/// - Returns: whether it does.
func holds(within limit: Duration = .seconds(60), _ condition: @Sendable () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}

/// Opens once, for whoever waits.
final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func passed() async { while !isOpen.load(ordering: .acquiring) { try? await Task.sleep(for: .milliseconds(2)) } }
}
