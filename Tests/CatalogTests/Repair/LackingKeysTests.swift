import Foundation
import GRDB
import Strata
import StrataTesting
import Testing

/// States of which the catalog has fewer keys than it counted, and no pack that tells what they were.
@Suite struct LackingKeysTests {
    /// Repairs a store with the state `k: [1], l: [2, 3]` after `sql`; the keys that it has then.
    private func repaired(after sql: String) async throws -> (report: RepairReport, state: StateID, keys: [String]) {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let (model, state) = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                let state = try await store.commitState(of: model, named: "v") { writer in
                    try await writer.write("k", [1])
                    try await writer.write("l", [2, 3])
                }
                return (model, state.id)
            }
            let queue = try DatabaseQueue(path: path + "/catalog.sqlite")
            try await queue.write { try $0.execute(sql: sql) }
            try queue.close()
            let report = try await StateStore.repair(at: path)
            return try await withStore(at: path) { store in
                let verified = try await store.verify()
                #expect(verified.isSound, "\(verified.damages)")
                return (report, state, try await store.state(state, of: model).keys.map(\.key))
            }
        }
    }

    @Test func keysThatAreLostWithTheirNamesAreNamed() async throws {
        let (report, state, keys) = try await repaired(after: "DELETE FROM key_set_entries WHERE key = 'l'")
        #expect(keys == ["k"])
        let losses = report.losses.filter { $0.stateID == state }
        #expect(losses.count == 1 && losses.first?.message == "1 of the state's keys are lost with their names", "\(report.losses)")
    }

    /// Nothing is lost then, which nobody can know: a key without bytes would leave the same.
    @Test func aCountThatIsTooHighIsNamedForWhatItMayBe() async throws {
        let (report, state, keys) = try await repaired(after: "UPDATE key_sets SET key_count = key_count + 2 WHERE key_count = 2")
        #expect(keys == ["k", "l"])
        let losses = report.losses.filter { $0.stateID == state }
        #expect(losses.count == 1 && losses.first?.message.contains("2 more of the state's keys") == true, "\(report.losses)")
    }
}
