import ArgumentParser
import DecthingsAPI
import Logging
import StrataServer

/// The bounds of `strata serve`.
struct ServeLimits: ParsableArguments {
    @Option(help: ArgumentHelp("Calls that run at once; further ones are refused.", valueName: "count"))
    var maxCalls = 1024

    @Option(help: ArgumentHelp("Open connections; further ones wait.", valueName: "count"))
    var maxConnections = 20_000

    @Option(help: ArgumentHelp("Bytes of one request's body.", valueName: "bytes"))
    var maxBodyBytes = 64 << 30

    @Option(help: ArgumentHelp("MiB of states that are kept decoded in memory; 0 keeps none.", valueName: "count"))
    var cacheMebibytes = 256

    @Option(help: ArgumentHelp("Requests a second of all callers together. (default: no bound)", valueName: "count"))
    var maxRequestRate: Double?

    @Option(help: ArgumentHelp("Bytes of all states, entries and files together, as clients gave them. (default: no bound)", valueName: "bytes"))
    var quotaBytes: Int?

    @Option(help: ArgumentHelp("States of the store. (default: no bound)", valueName: "count"))
    var quotaStates: Int?

    @Option(help: ArgumentHelp("Models of the store. (default: no bound)", valueName: "count"))
    var quotaModels: Int?

    @Option(help: ArgumentHelp("How long a connection may stay without a request.", valueName: "seconds"))
    var idleTimeoutSeconds = 300.0

    @Option(help: ArgumentHelp("How long a connection may take to its first request's head, TLS included.", valueName: "seconds"))
    var headTimeoutSeconds = 30.0

    @Option(help: ArgumentHelp("How long nothing of a request's body may come while the server waits for it.", valueName: "seconds"))
    var bodyTimeoutSeconds = 60.0

    @Option(help: ArgumentHelp("Bytes a second that a request's body must bring at least, after that time.", valueName: "count"))
    var minBodyRate = 500.0

    @Option(help: ArgumentHelp("How long a client may take nothing of what is sent to it.", valueName: "seconds"))
    var writeTimeoutSeconds = 60.0

    @Option(help: ArgumentHelp("Bytes of one WebSocket message.", valueName: "bytes"))
    var maxMessageBytes = 64 << 20

    @Option(help: ArgumentHelp("Silence of a WebSocket's client after which it is pinged, and after as much again lost.", valueName: "seconds"))
    var pingSeconds = 60.0

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            """
            Answer an error on purpose, to test clients: Model.createState=quota_exceeded:0.1, or =failed.cancelled for a run that fails; \
            may be repeated. Also switches on the header x-strata-inject.
            """,
            valueName: "method=code[:probability]"))
    var inject: [String] = []

    @Flag(help: "Let clients ask for an error by the header x-strata-inject.")
    var injectByHeader = false

    @Option(help: ArgumentHelp("What is logged on standard error: debug (each call), info, warning, error.", valueName: "level"))
    var log = "warning"

    var logLevel: Logger.Level { Logger.Level(rawValue: log) ?? .warning }

    func validate() throws {
        guard Logger.Level(rawValue: log) != nil else {
            throw ValidationError("--log is `\(log)`; choose trace, debug, info, notice, warning, error or critical.")
        }
        let counts = [
            ("max-calls", maxCalls), ("max-connections", maxConnections), ("max-body-bytes", maxBodyBytes), ("max-message-bytes", maxMessageBytes),
        ]
        for (name, value) in counts where value < 1 {
            throw ValidationError("--\(name) is \(value); the least is 1.")
        }
        guard (0...1 << 20).contains(cacheMebibytes) else {
            throw ValidationError("--cache-mebibytes is \(cacheMebibytes); it is from 0 to 1,048,576.")
        }
        if let maxRequestRate, !(maxRequestRate > 0) { throw ValidationError("--max-request-rate is \(maxRequestRate); it is above 0.") }
        let amounts = [
            ("idle-timeout-seconds", idleTimeoutSeconds), ("head-timeout-seconds", headTimeoutSeconds), ("body-timeout-seconds", bodyTimeoutSeconds),
            ("min-body-rate", minBodyRate), ("write-timeout-seconds", writeTimeoutSeconds), ("ping-seconds", pingSeconds),
        ]
        for (name, value) in amounts where !(value > 0 && value < 1e9) { throw ValidationError("--\(name) is \(value); it is above 0 and below 1,000,000,000.") }
    }

    func options() throws -> ServerOptions {
        var options = ServerOptions()
        options.runningCallsMax = maxCalls
        options.connectionsMax = maxConnections
        options.bodyBytesMax = maxBodyBytes
        options.requestRate = maxRequestRate.map { RequestRate(perSecond: $0) }
        options.storeQuota = StorageQuota(bytesMax: quotaBytes, statesMax: quotaStates, modelsMax: quotaModels)
        options.idleTimeoutSeconds = idleTimeoutSeconds
        options.headTimeoutSeconds = headTimeoutSeconds
        options.bodyTimeoutSeconds = bodyTimeoutSeconds
        options.bodyBytesPerSecondMin = minBodyRate
        options.writeTimeoutSeconds = writeTimeoutSeconds
        options.webSocket.messageBytesMax = maxMessageBytes
        options.webSocket.pingSeconds = pingSeconds
        options.webSocket.pongTimeoutSeconds = pingSeconds
        options.allowsInjection = injectByHeader || !inject.isEmpty
        options.injections = try inject.map { text in
            do throws(APIError) {
                return try Injection(parsing: text)
            } catch {
                throw ValidationError(error.reason ?? "\(error)")
            }
        }
        return options
    }
}
