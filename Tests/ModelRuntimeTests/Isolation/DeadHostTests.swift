import Foundation
import Glibc
@testable import ModelRuntime
import Strata
import Testing

/// What a killed host leaves, the next one clears away; what a living one has, nobody touches.
@Suite struct DeadHostTests {
    @Test(arguments: [true, false])
    func theNextHostRemovesWhatAKilledOneLeft(isIsolated: Bool) async throws {
        let root = try ModelRun.makeRoot(), notes = try ModelRun.makeRoot()
        defer { for folder in [root, notes] { try? FileManager.default.removeItem(atPath: folder) } }
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, notes = notes as String, isIsolated = isIsolated as Bool] in
            var configuration = ProcessExecutor.Configuration()
            configuration.temporaryRoot = root
            configuration.endsWithHost = false
            configuration.confinement.isolation = isIsolated ? .automatic : .none
            let log = KeptLog()
            let executor = ProcessExecutor(configuration: configuration, logger: log.logger)
            let run = ModelRun("hang_in_create")
            let work = Task { await run.operate(executor) }
            while log.entries.allSatisfy({ !$0.message.contains("has loaded its code") }) { try await Task.sleep(for: .milliseconds(20)) }
            try Data(log.groups.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: notes + "/groups"))
            kill(getpid(), SIGKILL)
            _ = await work.value
        }
        let groups = try String(contentsOfFile: notes + "/groups", encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(Leftovers.files(below: root).count == 1)
        // An executor that has run nothing yet sweeps before its first launcher.
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        let outcome = await ModelRun("echo_params").operate(ProcessExecutor(configuration: configuration))
        #expect(outcome.error == nil)
        #expect(Leftovers.files(below: root).isEmpty)
        #expect(Leftovers.processes(below: root).isEmpty)
        #expect(groups.isEmpty == !Machine.holdsProcessesTogether)
        for group in groups { #expect(!FileManager.default.fileExists(atPath: group)) }
    }

    /// A host that is started and never runs a model must not keep what the last one left.
    @Test func makingAnExecutorIsEnoughToRemoveWhatIsLeft() async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/strata-abcdef"
        try FileManager.default.createDirectory(atPath: path + "/model", withIntermediateDirectories: true)
        try Data(WorkingFolder.mark.utf8).write(to: URL(fileURLWithPath: WorkingFolder.lockFile(in: path)))
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        let executor = ProcessExecutor(configuration: configuration)
        #expect(await holds { Leftovers.files(below: root).isEmpty })
        await executor.close()
    }

    @Test func whatALivingHostHasIsLeftAlone() throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = try WorkingFolder.make(below: root)
        defer { folder.remove() }
        #expect(DeadHosts.sweep(root: root, places: []) == 0)
        #expect(FileManager.default.fileExists(atPath: folder.model))
    }

    @Test func aFolderOfAnothersIsLeftAlone() throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (name, content) in [("strata-abcdef", "other"), ("strata-ghijkl", "")] {
            try FileManager.default.createDirectory(atPath: root + "/" + name, withIntermediateDirectories: false)
            try Data(content.utf8).write(to: URL(fileURLWithPath: root + "/\(name)/lock"))
        }
        #expect(DeadHosts.sweep(root: root, places: []) == 0)
        #expect(Leftovers.files(below: root).count == 2)
    }

    @Test func anAbandonedFolderGoesWithEverythingInIt() throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let path = root + "/strata-abcdef"
        try FileManager.default.createDirectory(atPath: path + "/closed/inner", withIntermediateDirectories: true)
        try Data(WorkingFolder.mark.utf8).write(to: URL(fileURLWithPath: WorkingFolder.lockFile(in: path)))
        chmod(path + "/closed", 0)
        #expect(DeadHosts.sweep(root: root, places: []) == 1)
        #expect(Leftovers.files(below: root).isEmpty)
    }

    @Test(.enabled(if: Machine.holdsProcessesTogether, "no control group can be made here"))
    func onlyTheGroupsOfTheDeadAreRemoved() async throws {
        let places = ControlGroupPlaces.find().places
        let bounds = ProcessBounds(LauncherSpec(), .init())
        let living = try ControlGroup.make(in: places, bounds: bounds)
        defer { living.remove() }
        let name = "strata-launcher-" + ControlGroup.randomDigits()
        for place in places { mkdir(place.folder + "/" + name, 0o755) }
        // Other executors sweep the same places, and may be at it just now.
        _ = DeadHosts.sweep(root: "/nowhere", places: places)
        for place in places { #expect(await holds { !FileManager.default.fileExists(atPath: place.folder + "/" + name) }) }
        for part in living.parts { #expect(FileManager.default.fileExists(atPath: part.folder)) }
    }
}
