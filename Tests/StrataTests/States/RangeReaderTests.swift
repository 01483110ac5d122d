import Foundation
import Strata
import StrataTesting
import Testing

/// Random ranges of a value, through the reader that keeps decoded chunks.
@Suite struct RangeReaderTests {
    private static let versions = {
        let value = SeededBytes.weights(1_200_000, seed: 4)
        return (value, SeededBytes.trained(value, seed: 5))
    }()

    @Test(arguments: [0, 1, 300_000, 64 << 20])
    func randomRangesAreThoseOfTheValue(keptBytesMax: Int) async throws {
        var generator = SeededGenerator.announced("random ranges")
        let (value, trained) = Self.versions
        var ranges: [Range<Int64>] = [0..<0, 0..<Int64.max, -5..<3, Int64(value.count) - 1..<Int64(value.count) + 10]
        for _ in 0..<60 {
            let start = Int64.random(in: 0..<Int64(value.count), using: &generator)
            ranges.append(start..<start + Int64.random(in: 0...500_000, using: &generator))
        }
        let wanted = ranges
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            try await store.commitState(of: model, named: "v1") { try await $0.write("w", value) }
            let second = try await store.commitState(of: model, named: "v2") { try await $0.write("w", trained) }
            try await store.withState(second.id, of: model) { state in
                let reader = try await state.rangeReader(of: "w", keptBytesMax: keptBytesMax)
                #expect(reader.sizeBytes == Int64(trained.count))
                for range in wanted {
                    let clipped = range.clamped(to: 0..<Int64(trained.count))
                    let expected = Array(trained[Int(clipped.lowerBound)..<Int(clipped.upperBound)])
                    let got = try await reader.bytes(in: range)
                    #expect(got == expected, "range \(range)")
                }
            }
        }
    }

    @Test func smallValuesAndUnknownKeys() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1") {
                try await $0.write("small", Array("hello".utf8))
                try await $0.write("empty", [])
            }
            try await store.withState(state.id, of: model) { state in
                let small = try await state.rangeReader(of: "small").bytes(in: 1..<3)
                #expect(small == Array("el".utf8))
                let empty = try await state.rangeReader(of: "empty").bytes(in: 0..<10)
                #expect(empty.isEmpty)
                await #expect { try await state.rangeReader(of: "none") } throws: { ($0 as? StrataError)?.code == .stateKeyNotFound }
            }
        }
    }

    @Test func damageIsNamedAndNeverReturned() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1") {
                try await $0.write("w", SeededBytes.random(2_000_000, seed: 8))
            }
            let packs = try FileManager.default.subpathsOfDirectory(atPath: store.path + "/packs").filter { $0.hasSuffix(".pack") }
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: store.path + "/packs/" + packs[0]))
            try file.seek(toOffset: 1_000_000)
            try file.write(contentsOf: Data([0, 1, 2, 3, 4, 5, 6, 7]))
            try file.close()
            try await store.withState(state.id, of: model) { reader in
                let ranges = try await reader.rangeReader(of: "w")
                await #expect { try await ranges.bytes(in: 0..<2_000_000) } throws: { error in
                    let error = error as? StrataError
                    return error?.code == .corrupted && error?.context["key"] == "w" && error?.context["stateId"] == state.id.rawValue
                }
            }
        }
    }
}
