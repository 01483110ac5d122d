import Strata
import StrataTesting
import Testing

/// What code provides is held to the rules of states (spec: runtime-ipc.md section 8).
@Suite struct ProvidedKeyTests {
    private func expectException(
        _ steps: [ScriptedExecutor.Step], words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(.init(steps: steps))
            let result = try await harness.create(on: executor)
            guard case .failed(.exception(at: .createState, details: let details?), let durations) = result else {
                Issue.record("\(result)", sourceLocation: sourceLocation)
                return
            }
            for word in words { #expect(details.contains(word), "\(details)", sourceLocation: sourceLocation) }
            #expect(durations.phases.contains("createState"), sourceLocation: sourceLocation)
            try await harness.expectNothingLeft(of: executor, sourceLocation: sourceLocation)
        }
    }

    @Test func aKeyIsProvidedOnce() async throws {
        try await expectException(
            [.provide("a", SeededBytes.random(500_000, seed: 1)), .provide("b", [1]), .provide("a", [2])], words: ["`a`", "twice"])
    }

    @Test func thereAreAtMostAHundredKeys() async throws {
        let hundred = (0..<100).map { ScriptedExecutor.Step.provide("k\($0)", [UInt8($0)]) }
        try await expectException(hundred + [.provide("last", [1])], words: ["100", "`last`"])
        try await CreationHarness.run { harness in
            let result = try await harness.create(on: ScriptedExecutor(.init(steps: hundred)))
            guard case .success(let id, _) = result else {
                Issue.record("\(result)")
                return
            }
            let keys = try await harness.store.state(id, of: harness.model).keys
            #expect(keys.map(\.key) == (0..<100).map { "k\($0)" })
        }
    }

    @Test func aKeyAboveOneGibibyteIsRefusedWhenItIsAnnounced() async throws {
        try await expectException([.begin("huge", sizeBytes: (1 << 30) + 1)], words: ["`huge`", "1073741824"])
    }

    @Test func aKeyThatWasBegunMustEnd() async throws {
        try await expectException([.begin("open", sizeBytes: nil), .bytes([1, 2])], words: ["`open`", "middle"])
    }

    @Test func keysComeOneAfterAnother() async throws {
        try await expectException([.begin("a", sizeBytes: nil), .begin("b", sizeBytes: nil)], words: ["`a`", "`b`"])
        try await expectException([.provide("a", [1]), .bytes([1])], words: ["outside"])
        try await expectException([.end], words: ["not begun"])
    }

    @Test func anAnnouncedSizeMustBeKept() async throws {
        try await expectException([.begin("a", sizeBytes: 3), .bytes([1, 2]), .end], words: ["`a`", "3", "2"])
        try await expectException([.begin("a", sizeBytes: 1), .bytes([1, 2]), .end], words: ["`a`", "1", "2"])
    }

    @Test func aKeyMustNotBeTooLong() async throws {
        try await expectException([.provide(String(repeating: "k", count: 1025), [1])], words: ["1025", "1024"])
        try await expectException([.provide("a\u{0}", [1])], words: ["zero"])
    }
}
