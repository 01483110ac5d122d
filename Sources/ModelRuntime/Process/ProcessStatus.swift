import Glibc

/// A process as `/proc/<id>/stat` tells of it.
struct ProcessStatus: Sendable {
    let id: pid_t
    let state: Character
    let parent: pid_t
    let session: pid_t
    /// Processor time of its own and of the children that it has waited for.
    let cpuTicks: UInt64
    let threadCount: Int
    /// When it was started; with the id it names one process for ever.
    let startTicks: UInt64
    let residentPages: Int64

    var isAlive: Bool { state != "Z" && state != "X" }

    /// Nil when there is no such process. Blocks.
    init?(of id: pid_t) {
        let text = SmallFile.text("/proc/\(id)/stat", bytesMax: 4096)
        // The name of the program may hold anything, but the last `)` ends it.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count >= 22, let state = fields[0].first, let parent = pid_t(fields[1]), let session = pid_t(fields[3])
        else { return nil }
        self.id = id
        self.state = state
        self.parent = parent
        self.session = session
        cpuTicks = fields[11...14].reduce(0) { $0 &+ (UInt64($1) ?? 0) }
        threadCount = Int(fields[17]) ?? 1
        startTicks = UInt64(fields[19]) ?? 0
        residentPages = Int64(fields[21]) ?? 0
    }

    /// Every process of the machine that this one may see. Blocks: a few system calls for each.
    static func all() -> [ProcessStatus] {
        SmallFile.names(in: "/proc").compactMap { pid_t($0).flatMap { ProcessStatus(of: $0) } }
    }
}
