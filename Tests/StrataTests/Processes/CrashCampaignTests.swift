import Foundation
import StrataTesting
import Testing

/// Short forms of `tools/crash`.
@Suite(.serialized) struct CrashCampaignTests {
    @Test
    func processesKilledAtRandomLoseNothingThatWasAcknowledged() async throws {
        var generator = SeededGenerator.announced("crash campaign")
        try await run(["kill", "--rounds", "12", "--writers", "2", "--readers", "1", "--seed", "\(generator.next())"])
    }

    @Test
    func processesSideBySideMeetNoErrorAndLoseNothing() async throws {
        var generator = SeededGenerator.announced("soak")
        try await run(["soak", "--seconds", "5", "--writers", "4", "--readers", "2", "--seed", "\(generator.next())"])
    }

    private func run(_ arguments: [String]) async throws {
        try await withTemporaryFolder { folder in
            let process = Process()
            // Products lie side by side with the tests' resources.
            process.executableURL = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("CrashCampaign")
            process.arguments = arguments + ["--folder", folder]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let said = await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    process.waitUntilExit()
                    continuation.resume(returning: text)
                }
            }
            #expect(process.terminationStatus == 0, "\(said)")
            #expect(said.contains("none lost"), "\(said)")
        }
    }
}
