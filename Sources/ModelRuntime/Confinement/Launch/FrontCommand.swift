import Glibc
import Synchronization

/// What runs first in a model's process, sets what can only be set from inside, and then becomes the program.
enum FrontCommand {
    /// Words before what the shell says of its own failures.
    static let name = "confine"

    /// `request` by way of a shell that enters control groups and sets limits, so that nothing of the program, not even
    /// its loading, runs outside of them.
    ///
    /// - Parameters:
    ///   - entrances: files to write to in order to enter the groups.
    ///   - bounds: nil to set no limits.
    ///   - ignoresTermination: SIGTERM is ignored from the start; the program must be given its default back.
    static func wrap(
        _ request: SpawnRequest, entrances: [String], bounds: ProcessBounds?, ignoresTermination: Bool
    ) -> SpawnRequest {
        var script = entrances.map { "echo 0 >\(quoted($0)) || exit 126" }
        if let bounds {
            script.append("ulimit -c 0")
            script.append("ulimit -n \(min(bounds.descriptorCount, descriptorCountMax())) || exit 126")
            if let bytes = bounds.diskBytes {
                // It fails only where the host itself is held to less.
                script.append("ulimit -f \(max(1, bytes / 512)) 2>/dev/null || :")
            }
            // When the machine itself runs out of memory, rather the model than its host.
            script.append("echo 500 2>/dev/null >/proc/self/oom_score_adj")
        }
        if ignoresTermination { script.append("trap '' TERM") }
        // What shells export of their own accord.
        script += ["unset PWD OLDPWD SHLVL", "exec \"$@\""]
        var wrapped = request
        wrapped.path = "/bin/sh"
        wrapped.arguments = ["-c", script.joined(separator: "\n"), name, request.path] + request.arguments
        return wrapped
    }

    /// `request` on as many processors as `cpus` rounds up to; as it is where that is all, or the command is missing.
    static func pin(_ request: SpawnRequest, cpus: Double, searchPath: String) -> SpawnRequest? {
        guard let count = Processors.share(of: cpus) else { return request }
        guard let path = Executables.find("taskset", in: searchPath + ":/usr/bin:/bin") else { return nil }
        var pinned = request
        pinned.path = path
        pinned.arguments = ["-c", Processors.choose(count, of: Processors.allowed()).map(String.init).joined(separator: ","), request.path]
            + request.arguments
        return pinned
    }

    private static func descriptorCountMax() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(7), &limit) == 0, limit.rlim_max < rlim_t(Int32.max) else { return Int(Int32.max) }
        return Int(limit.rlim_max)
    }

    private static func quoted(_ text: String) -> String { "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" }
}

/// The processors that this host may use.
enum Processors {
    private static let next = Atomic<Int>(0)

    /// Their numbers. Blocks.
    static func allowed() -> [Int] {
        let text = SmallFile.text("/proc/self/status")
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }) else { return [] }
        return line.split(whereSeparator: \.isWhitespace).last.map { parse(String($0)) } ?? []
    }

    /// How many of them `cpus` rounds up to; nil where that is all. Blocks.
    ///
    /// Libraries that compute with threads start one for each processor of the machine unless `OMP_NUM_THREADS` says
    /// fewer (OpenMP 5.2, section 21.2.2; OpenBLAS, MKL and PyTorch heed it). More threads than a quota lets run wait for
    /// each other in their loops, and use up the quota with it.
    static func share(of cpus: Double) -> Int? {
        let count = max(1, Int(min(cpus, 1e6).rounded(.up)))
        return count < allowed().count ? count : nil
    }

    /// The numbers in a list such as `0-3,8`.
    static func parse(_ list: String) -> [Int] {
        list.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
            return Array(first...last)
        }
    }

    /// Others each time, so that several models do not all share the first ones.
    static func choose(_ count: Int, of processors: [Int]) -> [Int] {
        let first = next.wrappingAdd(count, ordering: .relaxed).oldValue & Int.max
        return (0..<count).map { processors[(first + $0) % processors.count] }.sorted()
    }
}
