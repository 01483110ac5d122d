import Foundation
import Glibc

/// A process of the campaign.
final class Child {
    let role: String
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    /// Starts this program again in a role.
    init(_ arguments: [String]) throws {
        role = arguments[0]
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// Waits until it says that it has the store open, or has ended.
    func opened() async {
        let output = output.fileHandleForReading
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                _ = output.availableData
                continuation.resume()
            }
        }
    }

    /// Ends it as the kernel would: no handler runs.
    func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

    /// What it said and how it ended, when that was anything but being killed or a clean end.
    func complaint() -> String? {
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let wasKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
        if wasKilled || (process.terminationReason == .exit && process.terminationStatus == 0) { return nil }
        return "\(role) ended with \(process.terminationStatus): \(text)"
    }
}
