/// What the kernel has counted for a group and those in it.
extension ControlGroup {
    /// How many of its processes the kernel has killed for want of memory; nil where that is not counted. Blocks.
    ///
    /// The kernel counts where the victim was, whichever limit above it was met.
    func outOfMemoryKillCount() -> Int64? {
        guard let part = part(with: .memory) else { return nil }
        return SmallFile.number(
            part.folder + (part.place.version == .one ? "/memory.oom_control" : "/memory.events"), after: "oom_kill")
    }

    /// Bytes in use, without those of files that the kernel drops when memory runs short; nil where not counted. Blocks.
    func memoryBytes() -> Int64? {
        guard let part = part(with: .memory) else { return nil }
        let isOne = part.place.version == .one
        guard let used = SmallFile.number(part.folder + (isOne ? "/memory.usage_in_bytes" : "/memory.current")) else { return nil }
        let droppable = SmallFile.number(part.folder + "/memory.stat", after: isOne ? "total_inactive_file" : "inactive_file")
        return max(0, used - (droppable ?? 0))
    }

    /// Processor time of all processes that were ever in it; nil where not counted. Blocks.
    func cpuSeconds() -> Double? {
        if let part = part(with: .cpuacct) {
            return SmallFile.number(part.folder + "/cpuacct.usage").map { Double($0) / 1e9 }
        }
        guard let part = parts.first(where: { $0.place.version == .two }) else { return nil }
        return SmallFile.number(part.folder + "/cpu.stat", after: "usage_usec").map { Double($0) / 1e6 }
    }

    private func part(with controller: GroupController) -> Part? {
        parts.first { $0.place.controllers.contains(controller) }
    }
}
