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

    // MARK: Termination

    /// The termination comes while the code is laid out; the process, which would hang while it loads, begins after it.
    @Test(arguments: [true, false])
    func aProcessThatBeginsAfterTheTerminationIsEnded(isPersistent: Bool) async throws {
        try await Self.withExecutor { executor, _ in
            let (laidOut, terminated) = (Gate(), Gate())
            let files = MadeFiles { folder in
                laidOut.open()
                await terminated.passed()
                try await Fixture.files("hang_at_start").layOut(in: folder)
            }
            let code = ModelCode(modelID: .random(), language: .python, files: files, filesIdentity: "1")
            let id = try executor.createPersistentLauncher(name: "ended", spec: LauncherSpec())
            let location = isPersistent ? ExecutionLocation.persistentLauncher(id) : .temporaryLauncher(LauncherSpec())
            let operation = Task { try await Self.operate(executor, location, code) }
            await laidOut.passed()
            let closing = Task {
                if isPersistent {
                    try await executor.deletePersistentLauncherAndWait(id, terminating: true)
                } else {
                    await executor.close()
                }
            }
            if isPersistent {
                #expect(await holds { executor.persistentLaunchers.first?.state == .deleting })
            } else {
                #expect(await holds { executor.persistentLaunchers.isEmpty })
            }
            terminated.open()
            let result = await outcome(within: .seconds(10)) { try await operation.value }
            if result == nil { operation.cancel() }
            guard case .failure(let failure as ExecutionFailure) = result else {
                Issue.record("\(String(describing: result))")
                return
            }
            #expect(failure == .launcherTerminated)
            try await closing.value
        }
    }

    /// It waited for the launcher's room while the launcher was ended.
    @Test func anOperationThatEntersAfterTheTerminationIsRefused() async throws {
        try await Self.withExecutor { executor, _ in
            for _ in 0..<20 {
                let id = try executor.createPersistentLauncher(name: "ended", spec: LauncherSpec())
                let operations = (0..<3).map { _ in
                    Task { try await Self.operate(executor, .persistentLauncher(id), Self.hanging) }
                }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000)))
                let deleted = await outcome(within: .seconds(10)) {
                    try await executor.deletePersistentLauncherAndWait(id, terminating: true)
                }
                #expect(deleted != nil, "an operation is left on a launcher that was ended")
                for operation in operations {
                    if deleted == nil { operation.cancel() }
                    _ = await operation.result
                }
            }
        }
    }

    private static let hanging = ModelCode(
        modelID: .random(), language: .python, files: Fixture.files("hang_at_start"), filesIdentity: "1")
}
