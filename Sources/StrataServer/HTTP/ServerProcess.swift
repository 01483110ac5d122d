import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
public import NIOSSL
public import ServiceLifecycle
import Strata

/// An `APIServer` that listens at an address: a service that a `ServiceGroup` runs until it stops gracefully.
///
/// At a graceful stop no connection is accepted any more and calls are waited for or cancelled; when `run()` has returned,
/// close the executor and the store.
public struct ServerProcess: Service, CustomStringConvertible {
    /// What logs show; never the configuration, which holds a private key.
    public var description: String { "ServerProcess" }

    /// Where it listens and how it stops.
    public struct Configuration: Sendable {
        public var host: String
        /// 0 takes a free one; `onRunning` tells which.
        public var port: Int
        /// Nil speaks in the clear.
        public var tls: TLSConfiguration?
        /// How long calls that run may go on at a graceful stop; then they are ended (`APIServer.stop`).
        public var graceSeconds: Double = 30
        /// End calls at once at a graceful stop.
        public var cancelsCalls = false

        public init(host: String = "127.0.0.1", port: Int = 0) {
            self.host = host
            self.port = port
        }
    }

    private let server: APIServer
    private let configuration: Configuration
    private let onRunning: @Sendable (_ port: Int) async -> Void

    public init(
        _ server: APIServer, configuration: Configuration = Configuration(), onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.server = server
        self.configuration = configuration
        self.onRunning = onRunning
    }

    /// Whether only programs of this machine reach what listens at `host`.
    public static func isLoopback(_ host: String) -> Bool { OriginRule.isLoopback(host[...]) }

    /// - Throws: `invalid_parameter` for an address that others reach while no keys are asked for; what the system says of the
    ///   address; what NIOSSL says of the certificate.
    public func run() async throws {
        guard server.options.requiresKey || Self.isLoopback(configuration.host) else {
            throw StrataError(
                .invalidParameter,
                "without keys everybody who reaches `\(configuration.host)` could do everything; ask for keys or listen at 127.0.0.1",
                parameterName: "host")
        }
        let application = Application(
            responder: APIResponder<BasicRequestContext>(server),
            server: try server.serverBuilder(tls: configuration.tls),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 4096,
                availableConnectionsDelegate: MaximumAvailableConnections(server.options.connectionsMax, logger: server.options.logger)),
            onServerRunning: { [onRunning] in await onRunning($0.localAddress?.port ?? 0) },
            logger: server.options.logger)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await application.run()
                return true
            }
            group.addTask { [server, configuration] in
                try? await gracefulShutdown()
                if Task.isCancelled { return false }
                await server.stop(graceSeconds: configuration.graceSeconds, cancelling: configuration.cancelsCalls)
                // Answers get to their clients; then connections that do not end are ended.
                try? await Task.sleep(for: .seconds(Self.farewellSeconds))
                return false
            }
            let isOver = try await group.next() ?? true
            group.cancelAll()
            if !isOver { server.options.logger.info("ending connections that do not end by themselves") }
        }
        await server.stop(graceSeconds: 0, cancelling: true)
    }

    var logger: Logger { server.options.logger }

    private static let farewellSeconds = 5.0
}
