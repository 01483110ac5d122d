import ArgumentParser
import DecthingsAPI
import Foundation
import Logging
import ModelRuntime
import Strata
import StrataServer

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answers Decthings clients out of the store, until SIGTERM or SIGINT.",
        discussion: """
            Point a client's server address to http://127.0.0.1:PORT/v0. When it is ready it prints a line with its \
            address. The first signal stops it gracefully: calls that run are waited for as long as --grace-seconds says, \
            or not at all with --cancel-running; then models' code is ended as launcher_terminated. A second signal ends the \
            server at once.

            Clients must show a key once the store has one (`strata key create`). A store without keys is open to every caller \
            on this machine, and is not served at addresses that others can reach.

            Example:
              strata serve --port 3000 --no-keys
              strata serve --host 0.0.0.0 --port 443 --certificate chain.pem --private-key key.pem
            """)

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port to listen at; 0 takes a free one.", valueName: "port"))
    var port = 3000

    @Option(help: ArgumentHelp("Speak TLS with this certificate chain (PEM).", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
    var privateKey: String?

    @Flag(name: .customLong("no-keys"), help: "Ask for no keys though the store has some. Loopback addresses only.")
    var noKeys = false

    @Option(help: ArgumentHelp("How long calls that run are waited for at the end.", valueName: "seconds"))
    var graceSeconds = 30.0

    @Flag(help: "Wait for no call at the end: those that run are ended.")
    var cancelRunning = false

    @OptionGroup var execution: ExecutorOptions
    @OptionGroup var limits: ServeLimits
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port is \(port); it is from 0 to 65535.") }
        guard (certificate == nil) == (privateKey == nil) else {
            throw ValidationError("--certificate and --private-key belong together; give both.")
        }
        guard graceSeconds >= 0 else { throw ValidationError("--grace-seconds is \(graceSeconds); the least is 0.") }
        if noKeys, !Self.isLoopback(host) {
            throw ValidationError("--no-keys lets every caller do everything, and `\(host)` can be reached from other machines; make a key instead.")
        }
        _ = try limits.options()
    }

    func run() async throws {
        OpenFiles.raiseBound()
        let store = try await openStore()
        do {
            try await serve(store)
        } catch {
            try? await Task { try await store.close() }.value
            throw error
        }
        try await Task { try await store.close() }.value
    }

    private func openStore() async throws -> StateStore {
        var options = StateStore.Options()
        options.logger = ToolLogger.make("strata")
        options.checkedBytesMax = limits.cacheMebibytes << 20
        return try await StateStore.open(at: global.path, .createIfMissing, options: options)
    }

    private func serve(_ store: StateStore) async throws {
        let requiresKey = try await requiresKey(store)
        var options = try limits.options()
        options.requiresKey = requiresKey
        options.logger = ToolLogger.make("strata.server")
        options.logger.logLevel = limits.logLevel
        var configuration = ServerProcess.Configuration(host: host, port: port)
        configuration.graceSeconds = graceSeconds
        configuration.cancelsCalls = cancelRunning
        if let certificate, let privateKey {
            do throws(APIError) {
                try configuration.useCertificate(file: certificate, privateKeyFile: privateKey)
            } catch {
                throw StrataError(.invalidParameter, error.reason ?? "\(error)", parameterName: error.parameterName)
            }
        }
        let executor = ProcessExecutor(configuration: execution.configuration(), logger: ToolLogger.make("strata.model-runtime"))
        var serviceOptions = APIService.Options()
        serviceOptions.logger = options.logger
        let server = APIServer(service: APIService(store: store, executor: executor, options: serviceOptions), options: options)
        let process = ServerProcess(server, configuration: configuration) { port in
            try? await announce(port: port, path: store.path, requiresKey: requiresKey)
        }
        let result = await Task { try await process.runUntilCancelled() }.withCancelling()
        await Task { await executor.close() }.value
        try result.get()
    }

    /// Revoked keys count: whoever revokes the last one does not mean to let everybody in.
    private func requiresKey(_ store: StateStore) async throws -> Bool {
        if noKeys { return false }
        if try await store.apiKeys(limit: 1).total > 0 { return true }
        guard Self.isLoopback(host) else {
            throw StrataError(
                .invalidParameter, "the store has no keys, so everybody who reaches `\(host)` could do everything; make one with `strata key create`",
                parameterName: "host")
        }
        return false
    }

    private func announce(port: Int, path: String, requiresKey: Bool) async throws {
        let scheme = certificate == nil ? "http" : "https"
        let shownHost = host.contains(":") ? "[\(host)]" : host
        let view = ServeView(
            address: "\(scheme)://\(shownHost):\(port)/v0", port: port, store: path, requiresKey: requiresKey,
            processId: Int(ProcessInfo.processInfo.processIdentifier))
        try await global.output.show(view) { "ready: \(view.address) serves \(path)\(requiresKey ? "" : " to everybody on this machine")" }
    }

    static func isLoopback(_ host: String) -> Bool { ServerProcess.isLoopback(host) }
}

/// What `strata serve` prints when it is ready.
struct ServeView: JSONDocument {
    let address: String
    let port: Int
    let store: String
    let requiresKey: Bool
    let processId: Int

    static let fields: [JSONField] = [
        .init("address", "what clients take as the server's address"), .init("port", "the port that it listens at"),
        .init("store", "the store's folder"), .init("requiresKey", "whether clients must show a key"),
        .init("processId", "the server's process"),
    ]
}

extension Task where Failure == any Error {
    /// The task's end; it is cancelled when the waiting task is.
    func withCancelling() async -> Result<Success, Failure> {
        await withTaskCancellationHandler { await result } onCancel: { cancel() }
    }
}
