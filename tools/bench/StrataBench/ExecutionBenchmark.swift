import ArgumentParser
import Foundation
import Glibc
import ModelRuntime
import Strata

/// What running a model costs beyond the model's own work.
struct ExecutionBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execution", abstract: "Overhead of createState: on a warm persistent launcher, and on a cold temporary one.",
        discussion: """
            The model provides one key of 1 KiB and does nothing else, so that all the time is overhead: pinning, the call, \
            ingest, the durable commit. The yardstick of the cold start is the bare interpreter with the bare runtime, from its \
            start until it has connected, alternating with the cold operations.
            """)

    @Option(help: "Warm operations to measure.") var warm = 300
    @Option(help: "Cold operations to measure.") var cold = 15
    @Option(help: "Where the store is made; removed afterwards.") var folder: String?
    @Flag(help: "Without isolation and limits.") var bare = false

    private static let code = """
        class Entry:
            def createModelState(self, options):
                options.state_provider.provide("value", bytes(1024))
            def instantiateModel(self, options): return {}
        model = Entry()
        """

    func run() async throws {
        let path = (folder ?? NSTemporaryDirectory()) + "/strata-bench-execution-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try await StateStore.open(at: path + "/my.strata")
        let model = try await store.createModel(named: "small")
        try await store.changeFiles(of: model.id) { try await $0.put("main.py", Array(Self.code.utf8)) }
        var configuration = ProcessExecutor.Configuration()
        if bare {
            configuration.confinement.isolation = .none
            configuration.confinement.limits = .none
        }
        let executor = ProcessExecutor(configuration: configuration)
        try await measureWarm(store, model.id, executor)
        try await measureCold(store, model.id, executor, folder: path)
        await executor.close()
        try await store.close()
    }

    private func measureWarm(_ store: StateStore, _ model: ModelID, _ executor: ProcessExecutor) async throws {
        let launcher = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec())
        var times: [Double] = []
        for number in 0..<warm + 10 {
            let time = try await Self.createState(store, model, executor, .persistentLauncher(launcher), number)
            if number >= 10 { times.append(time) }
        }
        print("warm launcher, createState   p50 \(times.median.rounded(toPlaces: 2)) ms, p99 \(times.percentile(99).rounded(toPlaces: 2)) ms")
        try await executor.deletePersistentLauncherAndWait(launcher)
    }

    private func measureCold(_ store: StateStore, _ model: ModelID, _ executor: ProcessExecutor, folder: String) async throws {
        var (operations, starts): ([Double], [Double]) = ([], [])
        for number in 0..<cold + 2 {
            let operation = try await Self.createState(store, model, executor, .temporaryLauncher(LauncherSpec()), number)
            let start = try BareRuntime(socketPath: folder + "/s\(number)").startMilliseconds()
            guard number >= 2 else { continue }
            operations.append(operation)
            starts.append(start)
        }
        print("cold launcher, createState   p50 \(operations.median.rounded(toPlaces: 1)) ms")
        print("bare runtime until connected p50 \(starts.median.rounded(toPlaces: 1)) ms")
        print("ratio of the medians         \((operations.median / starts.median).rounded(toPlaces: 3))")
    }

    private static func createState(
        _ store: StateStore, _ model: ModelID, _ executor: ProcessExecutor, _ location: ExecutionLocation, _ number: Int
    ) async throws -> Double {
        let request = CreateStateRequest(modelID: model, name: "v\(number)", location: location)
        let start = ContinuousClock.now
        let result = try await store.createState(request, on: executor)
        let time = (ContinuousClock.now - start).seconds * 1000
        guard case .success = result else { throw ValidationError("an operation failed: \(result)") }
        return time
    }
}

/// The interpreter with the runtime's package and no host around it.
private struct BareRuntime {
    let socketPath: String

    /// Time from the start of the process until it has connected. Blocks.
    func startMilliseconds() throws -> Double {
        let listener = try listen()
        defer {
            Glibc.close(listener)
            unlink(socketPath)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ProcessInfo.processInfo.environment["STRATA_PYTHON"] ?? ".venv/bin/python3")
        process.arguments = ["-m", "decthings_model"]
        process.environment = ["PATH": "/usr/bin:/bin", "IPC_PATH": socketPath, "PYTHONDONTWRITEBYTECODE": "1"]
        process.standardError = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        let connection = accept(listener, nil, nil)
        let time = (ContinuousClock.now - start).seconds * 1000
        // SIGTERM would not do: threads of Swift's pools block it, and so does what they start.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        guard connection >= 0 else { throw ValidationError("the runtime did not connect: \(String(cString: strerror(errno)))") }
        Glibc.close(connection)
        return time
    }

    private func listen() throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(socketPath.utf8)
        guard bytes.count < 104 else { throw ValidationError("the socket's path \(socketPath) is too long; give a shorter --folder") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } == 0
        }
        guard isBound, Glibc.listen(descriptor, 1) == 0 else { throw ValidationError("cannot listen at \(socketPath)") }
        return descriptor
    }
}
