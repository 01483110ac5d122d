import Glibc

/// How much of a machine operations may use together.
public struct MachineCapacity: Hashable, Sendable {
    /// Processor cores.
    public var cpus: Double
    public var memoryMebibytes: Int

    public init(cpus: Double, memoryMebibytes: Int) {
        self.cpus = cpus
        self.memoryMebibytes = memoryMebibytes
    }

    /// All processors and all memory of this machine that this process may use: within its affinity, its control groups and
    /// those above them. Reads a few of the kernel's files.
    public static var whole: MachineCapacity {
        let machine = installed, limits = ControlGroupLimits.own()
        let allowed = Processors.allowed().count
        return MachineCapacity(
            cpus: min(machine.cpus, allowed > 0 ? Double(allowed) : .infinity, limits.cpus ?? .infinity),
            memoryMebibytes: min(machine.memoryMebibytes, limits.memoryBytes.map { max(1, Int($0 >> 20)) } ?? .max))
    }

    private static var installed: MachineCapacity {
        let pageCount = Int(sysconf(Int32(_SC_PHYS_PAGES)))
        let pageSizeBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        return MachineCapacity(
            cpus: Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))), memoryMebibytes: max(512, (pageCount * pageSizeBytes) >> 20))
    }
}
