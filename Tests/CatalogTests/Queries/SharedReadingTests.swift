import Synchronization
import Testing

@testable import Catalog

@Suite struct SharedReadingTests {
    private final class Counts: Sendable {
        let clock = Atomic(0)
        let readings = Atomic(0)
    }

    /// A source that changes all the time: what is read must not be older than the question.
    @Test func nobodyGetsAReadingThatBeganBeforeItAsked() async throws {
        let shared = SharedReading<Int>()
        let counts = Counts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    for _ in 0..<100 {
                        let asked = counts.clock.add(1, ordering: .sequentiallyConsistent).newValue
                        let read = try await shared.value {
                            counts.readings.add(1, ordering: .relaxed)
                            let began = counts.clock.load(ordering: .sequentiallyConsistent)
                            await Task.yield()
                            return began
                        }
                        #expect(read >= asked)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.readings.load(ordering: .relaxed) < 6400, "64 callers shared nothing")
    }

    @Test func aFailureReachesEverybodyAndTheNextCallerReadsAgain() async throws {
        struct Failure: Error {}
        let shared = SharedReading<Int>()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    await #expect(throws: Failure.self) {
                        try await shared.value {
                            await Task.yield()
                            throw Failure()
                        }
                    }
                }
            }
        }
        #expect(try await shared.value { 7 } == 7)
    }

    @Test func aCallerThatIsCancelledFailsNobodyElse() async throws {
        let shared = SharedReading<Int>()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<32 {
                let caller = Task {
                    try await shared.value {
                        try await Task.sleep(for: .milliseconds(2))
                        return 1
                    }
                }
                if number.isMultiple(of: 2) { caller.cancel() }
                group.addTask { try await caller.value }
            }
            for try await value in group { #expect(value == 1) }
        }
    }
}
