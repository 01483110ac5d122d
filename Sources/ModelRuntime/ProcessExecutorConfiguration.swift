import Foundation

extension ProcessExecutor {
    /// How models are run. The defaults suit a developer's machine and a server alike.
    public struct Configuration: Sendable {
        /// Folder below which each session gets a private folder; made when it is missing. Keep it short: a socket's
        /// path in it (this and 16 bytes) must stay below 104 bytes.
        public var temporaryRoot = "/tmp"

        /// The Python interpreter, which needs the package `decthings-model`. When nil: the environment variable
        /// `STRATA_PYTHON`, else `.venv/bin/python3` in the current folder or the nearest one above it, else `python3`
        /// in `PATH`.
        public var pythonPath: String?

        /// Flags for the interpreter, before `-m decthings_model`.
        public var pythonArguments: [String] = []

        /// The program that runs JavaScript and compiled TypeScript models; `node` in `searchPath` when nil.
        public var nodePath: String?

        /// The JavaScript runtime's script; `decthings-model-node` in `searchPath` when nil.
        public var nodeRuntimePath: String?

        /// Flags for Node, before the script.
        public var nodeArguments: [String] = []

        /// The models' `PATH`; the host's own unless told. Nothing else of the host's environment reaches them.
        public var searchPath: String

        /// How long a process may take to end after SIGTERM before SIGKILL follows.
        public var terminationGrace: Duration = .seconds(2)

        /// Bytes kept of the beginning, and again of the end, of each process's standard output and standard error.
        public var outputPartSizeBytesMax = 64 << 10

        /// How much of the machine operations get together; the whole of it unless told. An operation on a temporary launcher
        /// takes what the launcher's spec says (at most all of this) while it runs, a persistent launcher keeps its memory
        /// for as long as it exists, and its processors count while something runs on it.
        public var capacity = MachineCapacity.whole

        /// Most temporary launchers at a time.
        public var launchersMax = 64

        /// Most operations that wait for their turn; one more is refused as `ExecutionFailure.serverOverloaded`.
        public var waitingOperationsMax = 256

        /// Most persistent launchers.
        public var persistentLaunchersMax = 64

        /// Most operations at a time on one persistent launcher.
        public var operationsPerLauncherMax = 16

        /// Most processes with loaded code that a persistent launcher keeps for later operations; the one unused longest goes.
        public var idleSessionsMax = 4

        /// Largest answer of an evaluation, all outputs together, in bytes; it is kept in memory.
        public var outputSizeBytesMax = 256 << 20

        /// Binds each process to the host with the command `setpriv` where it is installed, so that the kernel kills it
        /// when the host dies. Without it a process that is busy then lives until it next looks at its socket. Isolated
        /// processes die with the host whatever this says.
        public var endsWithHost = true

        /// What the processes may use of the machine and see of it.
        public var confinement = Confinement()

        /// Called once for each session when it has ended, with what its process wrote; must return soon.
        public var receiveOutput: (@Sendable (SessionOutput) -> Void)?

        /// The defaults, with the host's own `PATH`.
        public init() {
            searchPath = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        }
    }
}
