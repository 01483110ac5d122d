import Foundation
import ModelRuntime
import Strata
import Testing

/// Scratch space beyond the launcher's spec.
@Suite struct DiskLimitTests {
    private func failure(_ script: String, isolation: ProcessExecutor.Configuration.Confinement.Isolation = .automatic) async throws -> ExecutionFailure? {
        var run = ConfinedRun()
        run.spec.diskMebibytes = 16
        run.isolation = isolation
        return try await run.run("import os, signal, time\nblock = b'x' * (4 << 20)\n" + script).failure
    }

    private func isForDisk(_ failure: ExecutionFailure?) -> Bool {
        guard case .unknown(let reason) = failure else { return false }
        return reason.contains("diskMebibytes")
    }

    @Test(arguments: ["HOME", "TMPDIR"])
    func manyFilesBeyondTheBoundEndTheSession(place: String) async throws {
        let failure = try await failure(
            """
            for number in range(64):
                with open(os.environ["\(place)"] + f"/{number}", "wb") as file:
                    file.write(block)
            time.sleep(60)
            """)
        #expect(isForDisk(failure), "\(String(describing: failure))")
    }

    @Test func deletedFilesThatAreOpenCount() async throws {
        let failure = try await failure(
            """
            kept = []
            for number in range(16):
                path = os.environ["TMPDIR"] + f"/{number}"
                kept.append(open(path, "wb", buffering=0))
                kept[-1].write(block)
                os.unlink(path)
            time.sleep(60)
            """)
        #expect(isForDisk(failure), "\(String(describing: failure))")
    }

    @Test func withoutIsolationTheModelsFolderCounts() async throws {
        let failure = try await failure(
            """
            for number in range(16):
                with open(f"f{number}", "wb") as file:
                    file.write(block)
            time.sleep(60)
            """, isolation: .none)
        #expect(isForDisk(failure), "\(String(describing: failure))")
    }

    @Test func oneFileBeyondTheBoundIsAnError() async throws {
        let failure = try await failure(
            """
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            with open(os.environ["TMPDIR"] + "/f", "wb", buffering=0) as file:
                file.truncate(20 << 20)
            """)
        #expect(isForDisk(failure), "\(String(describing: failure))")
    }

    @Test func whatFitsIsNoFailure() async throws {
        let failure = try await failure(
            """
            with open(os.environ["TMPDIR"] + "/f", "wb") as file:
                file.write(block)
                file.write(block)
            time.sleep(0.3)
            """)
        #expect(failure == nil)
    }
}
