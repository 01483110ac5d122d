public import DecthingsAPI
import Foundation
import Logging
import NIOSSL
import ServiceLifecycle

extension ServerProcess {
    /// Runs until the calling task is cancelled, which is a graceful stop, or a signal of a service group comes.
    ///
    /// - Throws: as `run()`.
    public func runUntilCancelled() async throws {
        let configuration = ServiceGroupConfiguration(services: [self], logger: logger)
        let group = ServiceGroup(configuration: configuration)
        // In a task of its own: a cancelled one could not stop gracefully.
        let running = Task { try await group.run() }
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }
}

extension ServerProcess.Configuration {
    /// Speaks TLS with a certificate chain and its key out of PEM files.
    ///
    /// - Throws: `invalid_parameter` that names the file which cannot be used.
    public mutating func useCertificate(file: String, privateKeyFile: String) throws(APIError) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(file)
        } catch {
            throw .invalidParameter("certificate", "`\(file)` cannot be read as a certificate chain in PEM form (\(error)); name another file")
        }
        guard !chain.isEmpty else {
            throw .invalidParameter("certificate", "`\(file)` holds no certificate in PEM form; name another file")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: privateKeyFile, format: .pem)
        } catch {
            throw .invalidParameter("privateKey", "`\(privateKeyFile)` cannot be read as a private key in PEM form (\(error)); name another file")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .invalidParameter("privateKey", "`\(privateKeyFile)` and `\(file)` do not fit each other (\(error)); name a pair")
        }
        tls = configuration
    }
}

/// Open files that a process may have.
public enum OpenFiles {
    /// Raises the process's bound to what the system lets it have, since each connection is one.
    ///
    /// - Returns: the bound.
    @discardableResult
    public static func raiseBound() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
