import Foundation
import ModelRuntime
import Strata
import Testing

/// Launchers that wait, vanish or are ended while something begins on them.
@Suite struct LauncherRaceTests: LauncherSuite {
    private static let runtime = RuntimeUnderTest.processes[2]
    private static let small = MachineCapacity(cpus: 8, memoryMebibytes: 1000)

    // MARK: Want of room

    @Test func anOperationRunsWhileALauncherWaitsForRoom() async throws {
        try await Self.withExecutor({ $0.capacity = Self.small }) { executor, _ in
            let first = try executor.createPersistentLauncher(name: "first", spec: LauncherSpec(memoryMebibytes: 600))
            try await Self.waitUntilActive(executor, first)
            let second = try executor.createPersistentLauncher(name: "second", spec: LauncherSpec(memoryMebibytes: 600))
            try await Task.sleep(for: .milliseconds(50))
            for _ in 0..<2 {
                let ran = await outcome(within: .seconds(20)) {
                    _ = try await Self.operate(
                        executor, .temporaryLauncher(LauncherSpec(memoryMebibytes: 300)), Self.runtime.code())
                }
                try #require(ran != nil, "the operation stands behind the launcher")
                try ran?.get()
            }
            #expect(executor.persistentLaunchers.first { $0.id == second }?.state == .creating)
            try executor.deletePersistentLauncher(first)
            try await Self.waitUntilActive(executor, second)
        }
    }
}
