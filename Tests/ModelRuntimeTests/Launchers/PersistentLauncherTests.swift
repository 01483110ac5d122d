import Foundation
import ModelRuntime
import Strata
import Testing

/// Launchers that stay, and the code that waits warm on them.
@Suite struct PersistentLauncherTests: LauncherSuite {
    private static let runtime = RuntimeUnderTest.processes[0]

    @Test(arguments: RuntimeUnderTest.processes)
    func aSecondOperationOfAnUnchangedModelFindsItsCodeLoaded(runtime: RuntimeUnderTest) async throws {
        try await Self.withExecutor(runtime.configure) { executor, root in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            try await Self.waitUntilActive(executor, id)
            let (model, location) = (ModelID.random(), ExecutionLocation.persistentLauncher(id))
            let first = try await Self.operate(executor, location, runtime.code(model: model))
            #expect(first.isLauncherReused && !first.isCodeReused)
            let processes = Leftovers.processes(below: root)
            #expect(!processes.isEmpty)
            for number in UInt8(0)..<3 {
                let receiver = RecordingReceiver()
                // An f32: the Python runtime takes nothing but tensors.
                let item: [UInt8] = [1, 0, number, 0, 0, 0]
                let again = try await Self.operate(
                    executor, location, runtime.code(model: model), parameters: [CallParameter("n", [item])], receiver: receiver)
                #expect(again.isLauncherReused && again.isCodeReused)
                #expect(receiver.values == ["n": item])
            }
            #expect(Set(Leftovers.processes(below: root)) == Set(processes))
        }
    }

    @Test func changedFilesAreLoadedAnewAndOtherModelsHaveProcessesOfTheirOwn() async throws {
        try await Self.withExecutor { executor, root in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            let (model, location) = (ModelID.random(), ExecutionLocation.persistentLauncher(id))
            _ = try await Self.operate(executor, location, Self.runtime.code(model: model, files: "1"))
            let changed = try await Self.operate(executor, location, Self.runtime.code(model: model, files: "2"))
            #expect(!changed.isCodeReused)
            let folderCount = Leftovers.files(below: root).count
            #expect(folderCount == 1, "the older code is gone")
            let other = try await Self.operate(executor, location, Self.runtime.code())
            #expect(!other.isCodeReused)
            #expect(Leftovers.files(below: root).count == 2)
            #expect(try await Self.operate(executor, location, Self.runtime.code(model: model, files: "2")).isCodeReused)
        }
    }

    @Test func mountsOfAnEarlierOperationAreGone() async throws {
        try await Self.withExecutor { executor, root in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            let code = Self.runtime.code()
            let files = MadeFiles { try "note".write(toFile: $0 + "/note.txt", atomically: false, encoding: .utf8) }
            for _ in 0..<2 {
                let mount = MountedModel(modelID: .random(), files: files, state: [])
                _ = try await Self.operate(executor, .persistentLauncher(id), code, otherModels: [mount])
                let folder = try #require(Leftovers.files(below: root).first)
                #expect(Leftovers.files(below: "\(root)/\(folder)/mounts").isEmpty)
            }
        }
    }

    @Test func codeThatDiedWhileItWaitedIsStartedAnew() async throws {
        try await Self.withExecutor { executor, root in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            let code = Self.runtime.code()
            _ = try await Self.operate(executor, .persistentLauncher(id), code)
            for process in Leftovers.processes(below: root) { kill(pid_t(process), SIGKILL) }
            while !Leftovers.processes(below: root).isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .milliseconds(50))
            let again = try await Self.operate(executor, .persistentLauncher(id), code)
            #expect(!again.isCodeReused)
        }
    }

    @Test func codeThatFailedIsNotUsedAgain() async throws {
        try await Self.withExecutor { executor, _ in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            let code = Self.runtime.code()
            await #expect(throws: ExecutionFailure.self) {
                _ = try await Self.operate(executor, .persistentLauncher(id), code, parameters: [CallParameter("raise", [[]])])
            }
            #expect(try await !Self.operate(executor, .persistentLauncher(id), code).isCodeReused)
        }
    }

    @Test func eachOperationGetsItsOwnOutput() async throws {
        try await Self.withExecutor { executor, _ in
            let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
            let files = MadeFiles { folder in
                let text = """
                    class Entry:
                        async def createModelState(self, options):
                            for name in options.params: print('called with', name)
                        def instantiateModel(self, options): return {}
                    print('loaded')
                    model = Entry()
                    """
                try text.write(toFile: folder + "/main.py", atomically: false, encoding: .utf8)
            }
            let code = ModelCode(modelID: .random(), language: .python, files: files, filesIdentity: "1")
            let first = try await Self.operate(executor, .persistentLauncher(id), code, parameters: [CallParameter("a", [[]])])
            #expect(first.output?.standardOutput == "loaded\ncalled with a\n")
            let second = try await Self.operate(executor, .persistentLauncher(id), code, parameters: [CallParameter("b", [[]])])
            #expect(second.output?.standardOutput == "called with b\n")
        }
    }

    // MARK: The list

    @Test func aLauncherIsListedAndDeleted() async throws {
        try await Self.withExecutor { executor, _ in
            let spec = LauncherSpec(cpus: 0.5, memoryMebibytes: 256)
            let id = try executor.createPersistentLauncher(name: "one", spec: spec)
            try await Self.waitUntilActive(executor, id)
            let listed = try #require(executor.persistentLaunchers.first)
            #expect(listed.name == "one" && listed.spec == spec && listed.operationCount == 0)
            #expect(listed.createdAtMilliseconds != nil)
            try await executor.deletePersistentLauncherAndWait(id)
            #expect(executor.persistentLaunchers.isEmpty)
            let error = #expect(throws: StrataError.self) { try executor.deletePersistentLauncher(id) }
            #expect(error?.code == .persistentLauncherNotFound)
        }
    }

    @Test func aLauncherThatIsInUseStaysUntilNothingRunsOnIt() async throws {
        try await Self.withExecutor { executor, _ in
            let id = try executor.createPersistentLauncher(name: "busy", spec: LauncherSpec())
            _ = try await Self.operate(executor, .persistentLauncher(id), Self.runtime.code()) {
                #expect(executor.persistentLaunchers.first?.operationCount == 1)
                try executor.deletePersistentLauncher(id)
                #expect(executor.persistentLaunchers.first?.state == .deleting)
                let again = #expect(throws: StrataError.self) { try executor.deletePersistentLauncher(id) }
                #expect(again?.code == .persistentLauncherBeingDeleted)
                let late = await #expect(throws: StrataError.self) {
                    _ = try await executor.acquireLauncher(at: .persistentLauncher(id))
                }
                #expect(late?.code == .persistentLauncherNotFound)
            }
            while !executor.persistentLaunchers.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    @Test func whatRunsFailsWhenItsLauncherIsEnded() async throws {
        for fixture in ["hang_in_create", "hang_at_start"] {
            try await Self.withExecutor { executor, root in
                let id = try executor.createPersistentLauncher(name: "ended", spec: LauncherSpec())
                let code = ModelCode(modelID: .random(), language: .python, files: Fixture.files(fixture), filesIdentity: "1")
                let operation = Task { try await Self.operate(executor, .persistentLauncher(id), code) }
                while Leftovers.processes(below: root).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                try await Task.sleep(for: .milliseconds(fixture == "hang_at_start" ? 300 : 1500))
                try await executor.deletePersistentLauncherAndWait(id, terminating: true)
                await #expect(throws: ExecutionFailure.launcherTerminated) { _ = try await operation.value }
                #expect(executor.persistentLaunchers.isEmpty)
            }
        }
    }

    @Test func closingAnExecutorEndsAllThatRuns() async throws {
        try await Self.withExecutor { executor, root in
            let code = ModelCode(
                modelID: .random(), language: .python, files: Fixture.files("hang_in_create"), filesIdentity: "1")
            let operation = Task { try await Self.operate(executor, .temporaryLauncher(LauncherSpec()), code) }
            while Leftovers.processes(below: root).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            await executor.close()
            await #expect(throws: ExecutionFailure.launcherTerminated) { _ = try await operation.value }
            await #expect(throws: ExecutionFailure.launcherTerminated) {
                _ = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec()))
            }
        }
    }

    @Test func moreOperationsThanALauncherTakesAreRefused() async throws {
        try await Self.withExecutor({ $0.operationsPerLauncherMax = 1 }) { executor, _ in
            let id = try executor.createPersistentLauncher(name: "small", spec: LauncherSpec())
            let first = try await executor.acquireLauncher(at: .persistentLauncher(id))
            await #expect(throws: ExecutionFailure.serverOverloaded) {
                _ = try await executor.acquireLauncher(at: .persistentLauncher(id))
            }
            await first.release()
            let second = try await executor.acquireLauncher(at: .persistentLauncher(id))
            await second.release()
        }
    }

    @Test func badNamesSpecsAndTooManyLaunchersAreRefused() async throws {
        try await Self.withExecutor({ $0.persistentLaunchersMax = 1 }) { executor, _ in
            for (name, spec) in [("", LauncherSpec()), ("x", LauncherSpec(cpus: 0)), ("x", LauncherSpec(memoryMebibytes: -1))] {
                let error = #expect(throws: StrataError.self) { try executor.createPersistentLauncher(name: name, spec: spec) }
                #expect(error?.code == .invalidParameter)
            }
            _ = try executor.createPersistentLauncher(name: "x", spec: LauncherSpec())
            let error = #expect(throws: StrataError.self) { try executor.createPersistentLauncher(name: "y", spec: LauncherSpec()) }
            #expect(error?.code == .quotaExceeded)
        }
    }

    // MARK: Memory

    @Test func aLauncherWaitsUntilThereIsMemoryForIt() async throws {
        try await Self.withExecutor({ $0.capacity = MachineCapacity(cpus: 8, memoryMebibytes: 1000) }) { executor, _ in
            let first = try executor.createPersistentLauncher(name: "first", spec: LauncherSpec(memoryMebibytes: 700))
            try await Self.waitUntilActive(executor, first)
            let second = try executor.createPersistentLauncher(name: "second", spec: LauncherSpec(memoryMebibytes: 700))
            try await Task.sleep(for: .milliseconds(50))
            let waiting = try #require(executor.persistentLaunchers.first { $0.id == second })
            #expect(waiting.state == .creating && waiting.createdAtMilliseconds == nil)
            try executor.deletePersistentLauncher(first)
            try await Self.waitUntilActive(executor, second)
            // What the persistent launcher holds can never be had by an operation: waiting would be of no use.
            await #expect(throws: ExecutionFailure.serverOverloaded) {
                _ = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec(memoryMebibytes: 400)))
            }
            let small = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec(memoryMebibytes: 300)))
            await small.release()
        }
    }

    @Test func operationsOnOneLauncherShareItsProcessors() async throws {
        try await Self.withExecutor({ $0.capacity = MachineCapacity(cpus: 3, memoryMebibytes: 4000) }) { executor, _ in
            let id = try executor.createPersistentLauncher(name: "shared", spec: LauncherSpec(cpus: 2, memoryMebibytes: 100))
            let held = [
                try await executor.acquireLauncher(at: .persistentLauncher(id)), try await executor.acquireLauncher(at: .persistentLauncher(id)),
            ]
            let one = await outcome(within: .seconds(90)) {
                try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec(cpus: 1, memoryMebibytes: 100))).release()
            }
            #expect(one != nil, "the launcher's processors are counted twice")
            let large = Task { try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec(cpus: 3, memoryMebibytes: 100))).release() }
            await held[0].release()
            let early = await outcome(within: .milliseconds(100)) { _ = try await large.value }
            #expect(early == nil, "one still runs on the launcher")
            await held[1].release()
            _ = try await large.value
        }
    }

    @Test func aLauncherThatIsStillBeingMadeCanBeDeleted() async throws {
        try await Self.withExecutor({ $0.capacity = MachineCapacity(cpus: 8, memoryMebibytes: 1000) }) { executor, _ in
            let first = try executor.createPersistentLauncher(name: "first", spec: LauncherSpec(memoryMebibytes: 700))
            try await Self.waitUntilActive(executor, first)
            let second = try executor.createPersistentLauncher(name: "second", spec: LauncherSpec(memoryMebibytes: 700))
            let operation = Task { try await executor.acquireLauncher(at: .persistentLauncher(second)) }
            while executor.persistentLaunchers.first(where: { $0.id == second })?.operationCount == 0 {
                try await Task.sleep(for: .milliseconds(2))
            }
            try await executor.deletePersistentLauncherAndWait(second)
            await #expect(throws: ExecutionFailure.launcherTerminated) { _ = try await operation.value }
        }
    }
}
