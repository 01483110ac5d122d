import ArgumentParser
import Logging
import Strata

/// How a command opens its store.
enum StoreAccess {
    /// Reads what the catalog says: opens for reading only.
    case metadata
    /// Reads values: opens as a session, so that nothing is collected meanwhile; for reading only where that is all
    /// that is allowed.
    case values
    case writing
}

/// A command that works on a store.
protocol StoreCommand: AsyncParsableCommand {
    static var access: StoreAccess { get }
    var global: GlobalOptions { get }
    /// Bytes that the command will write into the store, as far as that is known beforehand.
    var expectedBytes: Int64 { get }
    func run(in store: StateStore, _ output: Output) async throws
}

extension StoreCommand {
    var expectedBytes: Int64 { 0 }

    mutating func run() async throws {
        // What writes much has a few dozen small look-ups to do first; nothing else waits for a thread meanwhile.
        guard expectedBytes > 0 else { return try await openAndRun() }
        try await StateStore.onWorkers { try await openAndRun() }
    }

    private func openAndRun() async throws {
        let command = self
        let store = try await open(at: global.path)
        do {
            try await command.run(in: store, global.output)
        } catch {
            try? await close(store)
            throw error
        }
        try await close(store)
        // The process ends: taking the closed store apart, object by object, would only cost time.
        _ = Unmanaged.passRetained(store)
    }

    /// In a task of its own: a cancelled one could not give the session back.
    private func close(_ store: StateStore) async throws {
        try await Task { try await store.close() }.value
    }

    private func open(at path: String) async throws -> StateStore {
        var options = StateStore.Options()
        options.ingest.expectedBytes = expectedBytes
        options.logger = ToolLogger.make("strata")
        switch Self.access {
        case .metadata: return try await StateStore.open(at: path, .readOnly, options: options)
        case .writing: return try await StateStore.open(at: path, .readWrite, options: options)
        case .values:
            do {
                return try await StateStore.open(at: path, .readWrite, options: options)
            } catch {
                guard [.io, .readOnly].contains(error.code) else { throw error }
                return try await StateStore.open(at: path, .readOnly, options: options)
            }
        }
    }
}

enum ToolLogger {
    /// Warnings and errors, on standard error.
    static func make(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }
}
