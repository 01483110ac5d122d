import Strata
import StrataTesting
import Testing

@Suite struct StateCommitTests {
    @Test(arguments: [0, 1, 100, (32 << 10) - 1, 32 << 10, (32 << 10) + 1, 100_003, 1 << 20, 20 << 20])
    func aValueOfAnySizeReadsBackWholeAndByRange(size: Int) async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(size, seed: UInt64(size))
            let state = try await store.commit([("k", bytes)], to: model.id)
            #expect(state.keys == [StateKey(key: "k", sizeBytes: Int64(size))])
            #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == bytes)
            var generator = SeededGenerator.announced("ranges of \(size) bytes")
            try await store.withState(state.id, of: model.id) { reader in
                for _ in 0..<25 {
                    let ends = [Int.random(in: 0...size, using: &generator), Int.random(in: 0...size, using: &generator)].sorted()
                    let part = try await reader.bytes(of: "k", in: Int64(ends[0])..<Int64(ends[1]))
                    #expect(part == Array(bytes[ends[0]..<ends[1]]), "\(ends)")
                }
                #expect(try await reader.bytes(of: "k", in: Int64(size)..<Int64(size + 10)) == [])
                #expect(try await reader.bytes(of: "k", in: 0..<Int64.max) == bytes)
            }
            try await expectNothingLeft(in: store)
        }
    }

    @Test func keysKeepTheirOrder() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let keys = ["z", "a", "", "m/n", "ß", "b", "a a", "\"quoted\""]
            let state = try await store.commit(keys.map { ($0, Array($0.utf8)) }, to: model.id)
            #expect(state.keys.map(\.key) == keys)
            #expect(try await store.state(state.id, of: model.id) == state)
            let contents = try await store.contents(of: state.id, of: model.id)
            #expect(contents == Dictionary(uniqueKeysWithValues: keys.map { ($0, Array($0.utf8)) }))
        }
    }

    @Test func aStateIsNotActiveByItself() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = try await store.commit([("k", [1])], to: model.id, named: "s")
            #expect(!state.isActive)
            #expect(try await store.model(model.id).activeStateID == model.activeStateID)
            let active = try await store.commit([("k", [2])], to: model.id, options: StateOptions(makeActive: true))
            #expect(active.isActive)
            #expect(try await store.model(model.id).activeStateID == active.id)
            #expect(try await store.contents(of: model.id) == ["k": [2]])
            try await store.activateState(state.id, of: model.id)
            #expect(try await store.state(state.id, of: model.id).isActive)
            #expect(try await !store.state(active.id, of: model.id).isActive)
        }
    }

    @Test func whatAStateIsCommittedWithIsWhatIsRead() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            var options = StateOptions(base: model.activeStateID)
            options.trainingOperations = ["t1", "t2"]
            options.mounts = [MountRecord(modelID: model.id), MountRecord(modelID: model.id, snapshotID: .random())]
            let state = try await store.commit([("k", [1])], to: model.id, named: "näme", options: options)
            #expect(state.id == options.stateID && state.name == "näme" && state.baseStateID == model.activeStateID)
            #expect(state.trainingOperations == ["t1", "t2"] && state.mounts == options.mounts)
            #expect(try await store.state(state.id, of: model.id) == state)
        }
    }

    @Test func aStateWithoutKeysIsAState() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = try await store.commit([], to: model.id)
            #expect(try await store.contents(of: state.id, of: model.id) == [:])
        }
    }

    @Test func aClosureThatThrowsLeavesNothing() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            await #expect(throws: GivenUp.self) {
                try await store.commitState(of: model.id, named: "s") { writer in
                    try await writer.write("a", SeededBytes.random(3 << 20, seed: 1))
                    try await writer.write("b", [1])
                    throw GivenUp()
                }
            }
            await #expect(throws: GivenUp.self) {
                try await store.commitState(of: model.id, named: "s") { writer in
                    try await writer.beginKey("a", sizeBytes: nil)
                    try await writer.write(SeededBytes.random(1 << 20, seed: 1)[...])
                    throw GivenUp()
                }
            }
            #expect(try await store.states(of: model.id).total == 1)
            #expect(try StoreFolder(store).packs() == [])
            try await expectNothingLeft(in: store)
        }
    }

    @Test func badKeysAreRefused() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            await expectRefusal(.invalidParameter, field: "key", words: ["`k`", "twice"]) {
                _ = try await store.commit([("k", [1]), ("k", [2])], to: model.id)
            }
            await expectRefusal(.invalidParameter, field: "key", words: ["1025", "1024"]) {
                _ = try await store.commit([(String(repeating: "k", count: 1025), [1])], to: model.id)
            }
            await expectRefusal(.invalidParameter, field: "key") { _ = try await store.commit([("a\u{0}", [1])], to: model.id) }
            await expectRefusal(.invalidParameter, field: "key", words: ["never ended"]) {
                try await store.commitState(of: model.id, named: "s") { try await $0.beginKey("k", sizeBytes: 3) }
            }
            await expectRefusal(.invalidParameter, field: "key", words: ["`b`", "`a`"]) {
                try await store.commitState(of: model.id, named: "s") { writer in
                    try await writer.beginKey("a", sizeBytes: nil)
                    try await writer.beginKey("b", sizeBytes: nil)
                }
            }
            await expectRefusal(.invalidParameter, field: "key") {
                try await store.commitState(of: model.id, named: "s") { try await $0.write([1, 2][...]) }
            }
            #expect(try await store.states(of: model.id).total == 1)
            try await expectNothingLeft(in: store)
        }
    }

    @Test func aWriterThatOutlivesItsClosureRefuses() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            var kept: StateWriter?
            try await store.commitState(of: model.id, named: "s") { writer in
                kept = writer
                try await writer.write("k", [1])
            }
            let writer = try #require(kept)
            await expectRefusal(.conflict) { try await writer.write("late", [1]) }
        }
    }

    @Test func filesAndSequencesAreIngestedLikeBuffers() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.text(3_000_001, seed: 5)
            try await withTemporaryFolder { folder in
                try FileBytes.write(bytes, to: folder + "/file")
                let state = try await store.commitState(of: model.id, named: "s") { writer in
                    try await writer.write("file", fileAt: folder + "/file")
                    try await writer.write("pieces", pieces: AsyncStream { stream in
                        for start in stride(from: 0, to: bytes.count, by: 70_000) {
                            stream.yield(bytes[start..<min(start + 70_000, bytes.count)])
                        }
                        stream.finish()
                    })
                    try await writer.write("bytes", bytes: AsyncStream { stream in
                        for byte in bytes.prefix(200_000) { stream.yield(byte) }
                        stream.finish()
                    })
                }
                let contents = try await store.contents(of: state.id, of: model.id)
                #expect(contents["file"] == bytes && contents["pieces"] == bytes)
                #expect(contents["bytes"] == Array(bytes.prefix(200_000)))
            }
            await expectRefusal(.fileNotFound, words: ["/nowhere/at/all"]) {
                try await store.commitState(of: model.id, named: "s") { try await $0.write("k", fileAt: "/nowhere/at/all") }
            }
            await expectRefusal(.fileNotFound, words: ["/nowhere/at/all"]) {
                try await store.changeFiles(of: model.id) { try await $0.put("f", fileAt: "/nowhere/at/all") }
            }
        }
    }

    @Test func anAnnouncedSizeIsOnlyAHint() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let first = SeededBytes.random(500_000, seed: 1)
            try await store.commit([("k", first)], to: model.id, options: StateOptions(makeActive: true))
            for size in [400_000, 600_000] {
                let bytes = SeededBytes.random(size, seed: 2)
                let state = try await store.commitState(of: model.id, named: "s") { writer in
                    try await writer.beginKey("k", sizeBytes: 500_000)
                    try await writer.write(bytes[...])
                    try await writer.endKey()
                }
                #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == bytes)
            }
        }
    }
}
