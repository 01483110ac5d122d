import Strata
import StrataTesting
import Testing

/// A collector and writers at once, each with a handle of its own.
@Suite struct CollectionBesideWritersTests {
    @Test func writersAndACollectorNeverGetInEachOthersWay() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let path = store.path
            let writers = (0..<3).map { number in
                Task { () async throws -> [(StateID, UInt64)] in
                    try await withStore(at: path) { writer in
                        var kept: [(StateID, UInt64)] = []
                        for round in 0..<25 {
                            // Few contents: what one writer deletes, another writes again.
                            let seed = UInt64((round + number) % 4)
                            let state = try await writer.commit([("k", SeededBytes.random(150_000, seed: seed)), ("n", [UInt8(round)])], to: model)
                            if round % 5 == 0 { kept.append((state.id, seed)) } else { try await writer.deleteState(state.id, of: model) }
                        }
                        return kept
                    }
                }
            }
            let collector = Task { () async throws -> Void in
                try await withStore(at: path) { collector in
                    while !Task.isCancelled {
                        do {
                            _ = try await collector.collect()
                        } catch let error as StrataError {
                            guard error.code == .cancelled else { throw error }
                        }
                    }
                }
            }
            var kept: [(StateID, UInt64)] = []
            for writer in writers { kept += try await writer.value }
            collector.cancel()
            try await collector.value
            for (state, seed) in kept {
                let bytes = try await store.bytes(of: "k", in: state, of: model)
                #expect(bytes == SeededBytes.random(150_000, seed: seed))
            }
            _ = try await store.collect()
            let isSound = try await store.verify().isSound
            #expect(isSound)
            try await expectNothingLeft(in: store)
        }
    }
}
