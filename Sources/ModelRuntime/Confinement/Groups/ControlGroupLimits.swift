/// How much a process's control groups, and all those above them, let it use.
struct ControlGroupLimits: Sendable, Hashable {
    /// Nil: as many as there are.
    private(set) var cpus: Double?
    /// Nil: as much as there is.
    private(set) var memoryBytes: Int64?

    /// Of this process. Blocks.
    static func own() -> ControlGroupLimits { of(ControlGroupHierarchy.all()) }

    /// The least that any group says, from the process's own up to the root of what is mounted here. Blocks.
    static func of(_ hierarchies: [ControlGroupHierarchy]) -> ControlGroupLimits {
        var limits = ControlGroupLimits()
        for hierarchy in hierarchies {
            var folder = hierarchy.folder
            while true {
                limits.add(folder, hierarchy)
                guard folder != hierarchy.mountPoint, folder.hasPrefix(hierarchy.mountPoint), let slash = folder.lastIndex(of: "/") else { break }
                folder = String(folder[..<slash])
            }
        }
        return limits
    }

    /// What a file does not hold, or holds as a word such as `max`, limits nothing.
    private mutating func add(_ folder: String, _ hierarchy: ControlGroupHierarchy) {
        let isOne = hierarchy.version == .one
        if !isOne || hierarchy.controllers.contains(.memory) {
            let bytes = SmallFile.number(folder + (isOne ? "/memory.limit_in_bytes" : "/memory.max"))
            if let bytes, bytes > 0 { memoryBytes = min(memoryBytes ?? .max, bytes) }
        }
        guard !isOne || hierarchy.controllers.contains(.cpu) else { return }
        let words = isOne
            ? [SmallFile.number(folder + "/cpu.cfs_quota_us"), SmallFile.number(folder + "/cpu.cfs_period_us")]
            : SmallFile.text(folder + "/cpu.max").split(whereSeparator: \.isWhitespace).map { Int64($0) }
        if words.count == 2, let quota = words[0], let period = words[1], quota > 0, period > 0 {
            cpus = min(cpus ?? .infinity, Double(quota) / Double(period))
        }
    }
}
