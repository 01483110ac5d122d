import Foundation
import Strata
import Testing

/// A running CrashWriter (Tests/Support/CrashWriter): another process on the same store.
final class HelperProcess {
    private let process = Process()
    private let errors = Pipe()
    private var lines: AsyncStream<String>.AsyncIterator

    /// Starts it and waits until it says that it is ready.
    init(_ mode: String, _ store: String, _ model: ModelID, _ number: Int) async throws {
        // Products lie side by side with the tests' resources.
        let folder = Bundle.module.bundleURL.deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("CrashWriter")
        process.arguments = [mode, store, model.rawValue, "\(number)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        lines = Self.lines(of: output.fileHandleForReading).makeAsyncIterator()
        let first = await lines.next()
        try #require(first == "ready", "the helper did not start: \(self.errorText())")
    }

    /// The next line of its output; nil once it has ended.
    func nextLine() async -> String? { await lines.next() }

    /// Reads on a thread of its own; a line that was cut off by the process's end is left out.
    private static func lines(of file: FileHandle) -> AsyncStream<String> {
        AsyncStream { stream in
            Thread.detachNewThread {
                var rest = Data()
                while true {
                    let piece = file.availableData
                    guard !piece.isEmpty else { break }
                    rest.append(piece)
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        stream.yield(String(decoding: rest[..<end], as: UTF8.self))
                        rest = Data(rest[(end + 1)...])
                    }
                }
                stream.finish()
            }
        }
    }

    /// Ends it as a power cut would: no handler runs.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for its end.
    func exitStatus() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    func errorText() -> String {
        String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    }
}
