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

    /// All processors and all memory of this machine.
    public static var whole: MachineCapacity {
        let pageCount = Int(sysconf(Int32(_SC_PHYS_PAGES)))
        let pageSizeBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        return MachineCapacity(
            cpus: Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))), memoryMebibytes: max(512, (pageCount * pageSizeBytes) >> 20))
    }
}
