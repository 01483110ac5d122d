import Foundation
import Glibc
import Logging
import ModelRuntime
import Strata
import Testing

/// What isolated code can reach.
@Suite(.enabled(if: Machine.isolates, "bwrap does not work here")) struct IsolationTests {
    private func run(_ script: String, _ configure: @escaping @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in })
        async throws -> ModelRun.Outcome
    {
        var run = ConfinedRun()
        run.isolation = .required
        run.configure = configure
        let outcome = try await run.run(script)
        #expect(outcome.error == nil)
        return outcome
    }

    private func lines(_ outcome: ModelRun.Outcome, _ key: String) -> Set<String> {
        Set((outcome.receiver.text(key) ?? "?").split(separator: "\n").map(String.init))
    }

    @Test(arguments: [ProcessExecutor.Configuration.Confinement.Network.none, .host])
    func theHostsNetworkIsThereOnlyWhenConfigured(network: ProcessExecutor.Configuration.Confinement.Network) async throws {
        let listener = try Listener()
        defer { listener.close() }
        let outcome = try await run(
            """
            import socket
            try:
                socket.create_connection(("127.0.0.1", \(listener.port)), timeout=5).close()
                provide("reached", b"yes")
            except OSError:
                provide("reached", b"no")
            provide("interfaces", "\\n".join(name for _, name in socket.if_nameindex()).encode())
            """) { $0.confinement.network = network }
        #expect(outcome.receiver.text("reached") == (network == .host ? "yes" : "no"))
        if network == .none { #expect(lines(outcome, "interfaces") == ["lo"]) }
    }

    @Test func onlyScratchIsWritable() async throws {
        let outcome = try await run(
            """
            import os
            model = os.getcwd()
            places = {
                "root": "/", "usr": "/usr", "etc": "/etc", "dev": "/dev", "model": model, "session": os.path.dirname(model),
                "mounts": os.path.dirname(model) + "/mounts", "home": os.environ["HOME"], "scratch": os.environ["TMPDIR"],
                "tmp": "/tmp", "shm": "/dev/shm",
            }
            writable = []
            for name, path in places.items():
                try:
                    with open(path + "/written-by-a-model", "w"):
                        writable.append(name)
                except OSError:
                    pass
            try:
                os.chmod(model + "/main.py", 0o777)
                writable.append("mode of main.py")
            except OSError:
                pass
            provide("writable", "\\n".join(writable).encode())
            """)
        #expect(lines(outcome, "writable") == ["home", "scratch", "tmp", "shm"])
        #expect(!FileManager.default.fileExists(atPath: "/tmp/written-by-a-model"))
        #expect(!FileManager.default.fileExists(atPath: "/dev/shm/written-by-a-model"))
    }

    /// Root could change the kernel's settings through these, and run programs outside.
    @Test func theKernelsSettingsCannotBeWritten() async throws {
        let outcome = try await run(
            """
            import os
            writable = []
            for base, folders, files in os.walk("/proc"):
                if base == "/proc":
                    folders[:] = [name for name in folders if not name.isdigit() and name not in ("self", "thread-self")]
                for name in files:
                    try:
                        os.close(os.open(base + "/" + name, os.O_WRONLY | os.O_NONBLOCK))
                        writable.append(base + "/" + name)
                    except OSError:
                        pass
            provide("writable", "\\n".join(writable).encode())
            status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines() if ":" in line)
            provide("capabilities", status["CapEff"].strip().encode())
            provide("privileges", status["NoNewPrivs"].strip().encode())
            provide("users", os.readlink("/proc/self/ns/user").encode())
            """)
        // Pressure files take a wish to be told, which changes nothing.
        #expect(lines(outcome, "writable").filter { !$0.hasPrefix("/proc/pressure/") }.isEmpty)
        #expect(outcome.receiver.text("capabilities").map { $0.allSatisfy { $0 == "0" } } == true)
        #expect(outcome.receiver.text("privileges") == "1")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/user")
        #expect((outcome.receiver.text("users") != own) == Machine.isolatesUsers)
    }

    @Test func theHostsFilesProcessesAndVariablesAreNotSeen() async throws {
        let secret = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: secret) }
        try Data("secret".utf8).write(to: URL(fileURLWithPath: secret + "/file"))
        setenv("STRATA_TEST_SECRET", "secret", 1)
        defer { unsetenv("STRATA_TEST_SECRET") }
        let outcome = try await run(
            """
            import os
            session = os.path.dirname(os.getcwd())
            provide("secret", str(os.path.exists("\(secret)")).encode())
            provide("session", "\\n".join(os.listdir(session)).encode())
            provide("root", "\\n".join(os.listdir(os.path.dirname(session))).encode())
            provide("etc", str(os.path.exists("/etc/shadow") or os.path.exists("/sys/kernel") or os.path.exists("/run")).encode())
            provide("processes", str(len([name for name in os.listdir("/proc") if name.isdigit()])).encode())
            provide("variables", "\\n".join(os.environ).encode())
            provide("name", os.uname().nodename.encode())
            """)
        #expect(outcome.receiver.text("secret") == "False")
        // The host's lock is not among them.
        #expect(lines(outcome, "session").subtracting(["preload.cjs"]) == ["model", "mounts", "home", "tmp", "s"])
        #expect(lines(outcome, "root").count == 1)
        #expect(outcome.receiver.text("etc") == "False")
        // The model's own, and the one that waits for it.
        #expect(outcome.receiver.text("processes") == "2")
        #expect(
            lines(outcome, "variables").subtracting(["OMP_NUM_THREADS"]) == [
                "PATH", "HOME", "TMPDIR", "LANG", "IPC_PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH",
            ])
        #expect(outcome.receiver.text("name") == "model")
    }

    private static let device = ["/dev/fuse", "/dev/hwrng", "/dev/loop-control"].first { FileManager.default.fileExists(atPath: $0) }

    @Test(.enabled(if: Self.device != nil, "no device to try with"))
    func devicesAreThereWhenConfigured() async throws {
        let device = try #require(Self.device)
        let script = "import os, stat\nprovide('is', str(os.path.exists('\(device)') and stat.S_ISCHR(os.stat('\(device)').st_mode)).encode())"
        #expect(try await run(script).receiver.text("is") == "False")
        #expect(try await run(script) { $0.confinement.readablePaths = [device] }.receiver.text("is") == "True")
    }

    @Test func furtherPathsAreReadableWhenConfigured() async throws {
        let folder = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("shared".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
        let outcome = try await run(
            """
            import os
            provide("content", open("\(folder)/file", "rb").read())
            provide("writable", str(os.access("\(folder)/file", os.W_OK)).encode())
            """) { $0.confinement.readablePaths = [folder, "/nowhere/at-all"] }
        #expect(outcome.receiver.text("content") == "shared")
        #expect(outcome.receiver.text("writable") == "False")
    }
}

/// A `bwrap` that cannot make namespaces, as on machines that forbid them.
@Suite struct NoIsolationTests {
    private func run(_ isolation: ProcessExecutor.Configuration.Confinement.Isolation, _ log: KeptLog) async throws -> ModelRun.Outcome {
        let folder = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/bwrap"
        try Data("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n".utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        var run = ModelRun("echo_params")
        run.logger = log.logger
        run.configure = {
            $0.searchPath = folder + ":" + $0.searchPath
            $0.confinement.isolation = isolation
        }
        return try await run.run()
    }

    @Test func automaticRunsPlainlyAndWarns() async throws {
        let log = KeptLog()
        #expect(try await run(.automatic, log).error == nil)
        let warnings = log.entries.filter { $0.level == .warning && $0.message.contains("without isolation") }
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.contains("No permissions to create new namespace") == true)
    }

    @Test func requiredRefusesWithTheReason() async throws {
        guard case .unknown(let reason) = try await run(.required, KeptLog()).failure else {
            return #expect(Bool(false), "the model ran")
        }
        #expect(reason.contains("No permissions to create new namespace"))
    }
}

/// A socket that listens on the loopback interface.
struct Listener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() { Glibc.close(descriptor) }
}
