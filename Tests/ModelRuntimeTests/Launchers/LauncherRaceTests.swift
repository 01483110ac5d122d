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
                let ran = await outcome(within: .seconds(90)) {
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

    @Test func aLauncherThatCannotBeMadeIsGoneAgainAndDoesNotCount() async throws {
        let tools = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: tools) }
        try Self.putBrokenBubblewrap(in: tools)
        let configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = {
            $0.searchPath = tools + ":" + $0.searchPath
            $0.confinement.isolation = .required
            $0.persistentLaunchersMax = 1
        }
        try await Self.withExecutor(configure) { executor, _ in
            for _ in 0..<2 {
                let id = try executor.createPersistentLauncher(name: "impossible", spec: LauncherSpec())
                let acquired = await outcome(within: .seconds(90)) {
                    try await executor.acquireLauncher(at: .persistentLauncher(id)).release()
                }
                // Whichever came first: it was waited for, or it was gone.
                switch acquired {
                case .failure(let failure as ExecutionFailure): #expect(failure == .launcherTerminated)
                case .failure(let error as StrataError): #expect(error.code == .persistentLauncherNotFound)
                default: Issue.record("\(String(describing: acquired))")
                }
                #expect(await holds { executor.persistentLaunchers.isEmpty })
            }
        }
    }

    private static func putBrokenBubblewrap(in folder: String) throws {
        try Data("#!/bin/sh\nexit 1\n".utf8).write(to: URL(fileURLWithPath: folder + "/bwrap"))
        chmod(folder + "/bwrap", 0o755)
    }

    // MARK: A place that is lost

    @Test(.enabled(if: Machine.holdsProcessesTogether, "no control group can be made here"))
    func operationsThatComeTogetherAllGetThePlaceThatIsMadeAnew() async throws {
        let log = KeptLog()
        try await Self.withExecutor({ $0.idleSessionsMax = 0 }, logger: log.logger) { executor, _ in
            let id = try executor.createPersistentLauncher(name: "lost", spec: LauncherSpec())
            _ = try await Self.operate(executor, .persistentLauncher(id), Self.runtime.code())
            for round in 0..<5 {
                for group in Set(log.groups.map { ($0 as NSString).deletingLastPathComponent }) { rmdir(group) }
                let failures = await withTaskGroup(of: (any Error)?.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            do {
                                _ = try await Self.operate(executor, .persistentLauncher(id), Self.runtime.code())
                                return nil
                            } catch {
                                return error
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
                }
                #expect(failures.isEmpty, "round \(round): \(failures)")
                let remade = log.entries.filter { $0.message.contains("is made again") }.count
                #expect(remade == round + 1)
            }
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
            let result = await outcome(within: .seconds(90)) { try await operation.value }
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
                let deleted = await outcome(within: .seconds(90)) {
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
