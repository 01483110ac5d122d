import Foundation
import Strata
import StrataTesting
import Testing

@Suite struct OpenFilesLimitTests {
    /// In a process of its own, whose limit of open files comes down to what it has open, and goes up again.
    @Test
    func withoutFreeHandlesACommitIsRefusedAndTakenLater() async throws {
        try await withTemporaryFolder { folder in
            let model = try await withStore(at: folder + "/s") { try await $0.createModel(named: "m").id }
            let helper = try await HelperProcess("few-files", folder + "/s", model, 300_000)
            let refusal = try #require(await helper.nextLine())
            #expect(refusal.hasPrefix("refused io"), "\(refusal)")
            #expect(refusal.contains("ulimit"), "\(refusal)")
            #expect(await helper.nextLine() == "committed")
            #expect(helper.exitStatus() == 0, "\(helper.errorText())")
            try await withStore(at: folder + "/s") { store async throws in
                #expect(try await store.states(of: model).total == 2)
                #expect(try await store.verify().isSound)
                try await expectNothingLeft(in: store)
            }
        }
    }
}
