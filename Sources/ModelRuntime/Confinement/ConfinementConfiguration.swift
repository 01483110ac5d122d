extension ProcessExecutor.Configuration {
    /// What keeps a model's processes within the launcher's spec and away from the rest of the machine.
    public struct Confinement: Sendable {
        /// Whether processes run in namespaces of their own, made by the command `bwrap` (bubblewrap).
        public enum Isolation: String, Sendable, CaseIterable {
            /// Isolated where the machine allows it; else one warning in the log and plain processes.
            case automatic
            /// Isolated, or not run at all: launchers fail with the reason.
            case required
            case none
        }

        /// Who keeps processes within their limits.
        public enum Limits: String, Sendable, CaseIterable {
            /// The kernel's control groups where this host may make them, for the rest a watchdog.
            case automatic
            /// The watchdog alone: samples what the processes use and kills them when it is too much.
            case watched
            /// Nothing is limited.
            case none
        }

        /// What isolated code sees of the network.
        public enum Network: String, Sendable, CaseIterable {
            /// A loopback interface of its own.
            case none
            /// The host's network.
            case host
        }

        public var isolation = Isolation.automatic
        public var limits = Limits.automatic
        /// Isolated code only; plain processes always have the host's network.
        public var network = Network.none

        /// Most processes and threads of a launcher at a time, 1 or more. Numerical libraries start a thread a core.
        public var processCountMax = 1024

        /// Scratch space of a session, in MiB, for specs without `diskMebibytes`; nil: as much as there is. It is looked
        /// at several times a second: what is written in between may go beyond it, but no single file.
        public var diskMebibytesDefault: Int? = 10_240

        /// Most files that a process may have open; never above the host's own limit.
        public var descriptorCountMax = 4096

        /// Further files and folders that isolated code may read, such as libraries outside `/usr`. Absolute paths;
        /// those that do not exist are left out. The interpreter and its packages need no mention. What lies below
        /// `/dev` is a device that the code may use, such as a graphics processor's `/dev/nvidia0`.
        public var readablePaths: [String] = []

        /// An empty group of cgroup v2 below which launchers get theirs, for hosts whose own group cannot hold them:
        /// a folder below the mount of cgroup2. Nil: the host's own group, else the one above it.
        public var controlGroupPath: String?

        public init() {}
    }
}
