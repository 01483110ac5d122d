import Dispatch

/// Calls that block run here and not on the threads that all tasks share.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "strata.blocking", attributes: .concurrent)

    static func start(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: Result { try body() }) }
        }
    }
}
