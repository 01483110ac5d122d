import Strata

/// A launcher's spec in the units that limits are set in, with what the configuration says for the rest.
struct ProcessBounds: Sendable, Hashable {
    let cpus: Double
    let memoryBytes: Int64
    let swapBytes: Int64
    let processCount: Int
    /// Nil: as much as there is.
    let diskBytes: Int64?
    let descriptorCount: Int

    init(_ spec: LauncherSpec, _ configuration: ProcessExecutor.Configuration.Confinement) {
        cpus = spec.cpus
        memoryBytes = Self.bytes(spec.memoryMebibytes)
        swapBytes = Self.bytes(spec.swapMebibytes ?? 0)
        processCount = max(1, configuration.processCountMax)
        diskBytes = (spec.diskMebibytes ?? configuration.diskMebibytesDefault).map(Self.bytes)
        descriptorCount = max(16, configuration.descriptorCountMax)
    }

    private static func bytes(_ mebibytes: Int) -> Int64 { Int64(min(max(0, mebibytes), 1 << 40)) << 20 }
}

/// A value for one of a group's files.
struct GroupSetting: Sendable, Hashable {
    let file: String
    let value: String
    /// Kernels without swap accounting lack the file.
    var isOptional = false
}

extension ProcessBounds {
    private static let periodMicroseconds = 100_000

    /// What to write, in this order, to hold a group at `place` within the bounds.
    func settings(for place: ControlGroupPlace) -> [GroupSetting] {
        let isOne = place.version == .one
        var settings: [GroupSetting] = []
        if place.controllers.contains(.memory) {
            settings.append(GroupSetting(file: isOne ? "memory.limit_in_bytes" : "memory.max", value: "\(memoryBytes)"))
            // Version 1 limits both together, version 2 swap alone.
            settings.append(
                isOne
                    ? GroupSetting(file: "memory.memsw.limit_in_bytes", value: "\(memoryBytes + swapBytes)", isOptional: true)
                    : GroupSetting(file: "memory.swap.max", value: "\(swapBytes)", isOptional: true))
        }
        if place.controllers.contains(.cpu) {
            let period = Self.periodMicroseconds
            // The kernel takes no less than a millisecond a period.
            let quota = max(1000, Int((min(cpus, 1e6) * Double(period)).rounded()))
            settings += isOne
                ? [GroupSetting(file: "cpu.cfs_period_us", value: "\(period)"), GroupSetting(file: "cpu.cfs_quota_us", value: "\(quota)")]
                : [GroupSetting(file: "cpu.max", value: "\(quota) \(period)")]
        }
        if place.controllers.contains(.pids) { settings.append(GroupSetting(file: "pids.max", value: "\(processCount)")) }
        return settings
    }
}
