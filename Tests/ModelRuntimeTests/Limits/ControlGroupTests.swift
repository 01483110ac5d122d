import Foundation
import Glibc
@testable import ModelRuntime
import Strata
import Testing

/// Finding control groups, and what is written to them, on machines of every kind.
@Suite struct ControlGroupTests {
    @Test func versionTwoIsFoundBelowItsMount() {
        let found = ControlGroupHierarchy.parse(
            mounts: "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot",
            groups: "0::/system.slice/host.service\n")
        #expect(found.map(\.folder) == ["/sys/fs/cgroup/system.slice/host.service"])
        #expect(found.first?.version == .two)
    }

    @Test func versionOneOfAContainerIsFoundThoughItsMountShowsAPart() {
        let found = ControlGroupHierarchy.parse(
            mounts: """
                40 30 0:30 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:15 - cgroup cgroup rw,memory
                41 30 0:31 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:16 - cgroup cgroup rw,cpu,cpuacct
                42 30 0:32 /docker/abc /sys/fs/cgroup/freezer ro,nosuid master:17 - cgroup cgroup rw,freezer
                """,
            groups: "7:memory:/docker/abc\n6:cpu,cpuacct:/docker/abc/inner\n5:freezer:/docker/abc\n")
        #expect(found.map(\.folder) == ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct/inner"])
        #expect(found.map(\.controllers) == [[.memory], [.cpu, .cpuacct]])
    }

    @Test func aPathOutsideOfTheMountIsTakenForItsRoot() {
        let found = ControlGroupHierarchy.parse(
            mounts: "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", groups: "0::/../../other\n")
        #expect(found.map(\.folder) == ["/sys/fs/cgroup"])
    }

    @Test func nothingIsFoundInNonsense() {
        #expect(ControlGroupHierarchy.parse(mounts: "a b - c\n- - - -\n\n", groups: "::::\nx").isEmpty)
    }

    private static func hierarchy(
        _ version: ControlGroupHierarchy.Version, _ controllers: Set<GroupController>, _ files: [String: String],
        _ body: (ControlGroupHierarchy) -> Void
    ) throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root + "/a/b", withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + name)) }
        body(ControlGroupHierarchy(version: version, controllers: controllers, mountPoint: root, folder: root + "/a/b"))
    }

    @Test func theLeastThatAGroupOrOneAboveItAllowsCounts() throws {
        let two = [
            "a/b/memory.max": "max\n", "a/b/cpu.max": "max 100000\n", "a/memory.max": "1073741824\n", "a/cpu.max": "150000 100000\n",
            "memory.max": "4294967296\n",
        ]
        try Self.hierarchy(.two, [], two) { hierarchy in
            let limits = ControlGroupLimits.of([hierarchy])
            #expect(limits.memoryBytes == 1 << 30 && limits.cpus == 1.5)
        }
        let one = [
            "a/b/memory.limit_in_bytes": "9223372036854771712\n", "a/memory.limit_in_bytes": "536870912\n", "a/b/cpu.cfs_quota_us": "50000\n",
            "a/b/cpu.cfs_period_us": "100000\n", "a/cpu.cfs_quota_us": "-1\n", "a/cpu.cfs_period_us": "100000\n",
        ]
        try Self.hierarchy(.one, [.memory, .cpu], one) { hierarchy in
            let limits = ControlGroupLimits.of([hierarchy])
            #expect(limits.memoryBytes == 512 << 20 && limits.cpus == 0.5)
        }
        try Self.hierarchy(.two, [], [:]) { #expect(ControlGroupLimits.of([$0]) == ControlGroupLimits()) }
    }

    private static let versionTwo = ControlGroupHierarchy.all().first { $0.version == .two && access($0.folder, W_OK) == 0 }

    /// Whatever controllers there are: version 2 holds processes together, counts their time and kills them.
    @Test(.enabled(if: Self.versionTwo != nil && geteuid() == 0, "no cgroup2 is mounted, or not as root"))
    func aGroupOfVersionTwoHoldsItsProcesses() throws {
        let folder = try #require(Self.versionTwo).folder
        let place = ControlGroupPlace(version: .two, controllers: [], folder: folder)
        let launcher = try ControlGroup.make(in: [place], bounds: ProcessBounds(LauncherSpec(), .init()))
        let session = try launcher.makeChild("session-1")
        let request = FrontCommand.wrap(
            SpawnRequest(
                path: "/bin/sh", arguments: ["-c", "setsid sleep 600 & while :; do :; done"], environment: [:], workingFolder: "/"),
            entrances: session.entrances, bounds: nil, ignoresTermination: false)
        let process = ModelProcess(id: try request.spawn(standardOutput: 1, standardError: 2)) {}
        while session.members().count < 2 || (session.cpuSeconds() ?? 0) < 0.05 { usleep(10_000) }
        #expect((launcher.cpuSeconds() ?? 0) >= 0.05)
        while session.kill() > 0 { usleep(5000) }
        while process.exit.result == nil { usleep(5000) }
        process.reap()
        #expect(session.remove() == nil)
        #expect(launcher.remove() == nil)
        for part in launcher.parts { #expect(access(part.folder, F_OK) != 0) }
    }

    private func settings(_ version: ControlGroupHierarchy.Version, _ spec: LauncherSpec) -> [String: String] {
        let place = ControlGroupPlace(version: version, controllers: [.memory, .cpu, .pids], folder: "/")
        let settings = ProcessBounds(spec, .init()).settings(for: place)
        return Dictionary(uniqueKeysWithValues: settings.map { ($0.file, $0.value) })
    }

    @Test func versionTwoLimitsSwapAloneAndVersionOneBothTogether() {
        let spec = LauncherSpec(cpus: 1.5, memoryMebibytes: 2, swapMebibytes: 1)
        #expect(
            settings(.two, spec) == [
                "memory.max": "2097152", "memory.swap.max": "1048576", "cpu.max": "150000 100000", "pids.max": "1024",
            ])
        #expect(
            settings(.one, spec) == [
                "memory.limit_in_bytes": "2097152", "memory.memsw.limit_in_bytes": "3145728", "cpu.cfs_period_us": "100000",
                "cpu.cfs_quota_us": "150000", "pids.max": "1024",
            ])
    }

    @Test func swapIsNoneUnlessAskedForAndProcessorsHaveALeast() {
        let settings = settings(.two, LauncherSpec(cpus: 0.0001, memoryMebibytes: .max))
        #expect(settings["memory.swap.max"] == "0")
        #expect(settings["cpu.max"] == "1000 100000")
        #expect(settings["memory.max"] == "\(Int64(1) << 60)")
    }

    @Test(arguments: [("0-3,8", [0, 1, 2, 3, 8]), ("5", [5]), ("", []), ("3-1,x", []), ("0-99999999999", [])])
    func processorListsAreRead(list: String, numbers: [Int]) {
        #expect(Processors.parse(list) == numbers)
    }
}
