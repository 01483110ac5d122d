@testable import ModelRuntime
import Foundation
import Logging
import Strata
import Testing

/// What a session's processes use, as it is told while they run and afterwards.
@Suite struct UsageTests {
    private struct Used {
        let session: ResourceUsage?
        let launcher: ResourceUsage?
        let launcherAfter: ResourceUsage?
    }

    /// Starts a shell that works for a while, holds memory and writes a file, and asks when it says that it has.
    private func use(_ limits: ProcessExecutor.Configuration.Confinement.Limits, isolated: Bool) throws -> Used {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        configuration.confinement.limits = limits
        configuration.confinement.isolation = isolated ? .required : .none
        let launcher = try LauncherConfinement(
            spec: LauncherSpec(cpus: 2, memoryMebibytes: 512), configuration: configuration, logger: Logger(label: "test"))
        defer { launcher.close() }
        let folder = try WorkingFolder.make(below: root)
        defer { folder.remove() }
        try Data().write(to: URL(fileURLWithPath: folder.socket))
        let session = try launcher.session(in: folder)
        let script = """
            import os, time
            kept = bytearray(b"x" * (64 << 20))
            end = time.process_time() + 0.5
            while time.process_time() < end: pass
            open(os.environ["HOME"] + "/f", "wb").write(bytes(3 << 20))
            open(os.environ["HOME"] + "/done", "w").close()
            time.sleep(600)
            """
        let request = try session.confine(
            SpawnRequest(
                path: "/usr/bin/python3", arguments: ["-c", script],
                environment: ["PATH": "/usr/bin:/bin", "HOME": folder.home, "IPC_PATH": folder.socket], workingFolder: folder.model))
        #expect(session.usage() == nil)
        let process = ModelProcess(id: try request.spawn(standardOutput: 1, standardError: 2)) {}
        session.began(process)
        while !FileManager.default.fileExists(atPath: folder.home + "/done"), process.exit.result == nil { usleep(20_000) }
        let used = session.usage(), all = launcher.usage()
        while session.kill(leader: process.id) > 0 { usleep(5000) }
        while process.exit.result == nil { usleep(5000) }
        process.reap()
        session.close()
        return Used(session: used, launcher: all, launcherAfter: launcher.usage())
    }

    private func check(_ used: Used) {
        for usage in [used.session, used.launcher] {
            #expect((usage?.cpuSeconds ?? 0) > 0.4)
            #expect((64 << 20..<512 << 20).contains(usage?.memoryBytes ?? 0))
            #expect((3 << 20..<8 << 20).contains(usage?.diskBytes ?? 0))
        }
        #expect((used.launcherAfter?.cpuSeconds ?? 0) >= (used.session?.cpuSeconds ?? 1))
        #expect(used.launcherAfter?.diskBytes == 0)
    }

    @Test(.enabled(if: Machine.groupsMemory && Machine.hasSystemPython, "no memory control group, or no /usr/bin/python3"))
    func groupsTellWhatIsUsed() throws { try check(use(.automatic, isolated: false)) }

    @Test(.enabled(if: Machine.hasSystemPython, "no /usr/bin/python3"))
    func withoutGroupsTheProcessesTellWhatIsUsed() throws { try check(use(.watched, isolated: false)) }

    @Test(.enabled(if: Machine.isolates && Machine.hasSystemPython, "bwrap does not work here, or no /usr/bin/python3"))
    func isolatedProcessesAreSeenToo() throws { try check(use(.watched, isolated: true)) }
}
