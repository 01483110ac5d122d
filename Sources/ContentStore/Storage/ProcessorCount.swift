import Glibc

/// The processors that this process may use: its affinity mask, not the machine's size.
let activeProcessorCount: Int = {
    var set = cpu_set_t()
    guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else {
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
    return withUnsafeBytes(of: set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
}()
