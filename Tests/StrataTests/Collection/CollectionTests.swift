import ContentStore
import Strata
import StrataTesting
import Testing

/// Garbage goes, what is used stays, and the plan says beforehand what happens.
@Suite struct CollectionTests {
    @Test func thePlanIsWhatHappensAndTheDiskGetsItBack() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let weights = SeededBytes.weights(100_000, seed: 1)
            let first = try await store.commit([("w", weights), ("note", [1, 2, 3])], to: model, named: "first")
            let kept = try await store.commit(
                [("w", SeededBytes.trained(weights, seed: 2)), ("note", [4])], to: model, options: StateOptions(base: first.id, makeActive: true))
            let gone = try await store.commit([("w", SeededBytes.random(500_000, seed: 3)), ("n", SeededBytes.text(20_000, seed: 4))], to: model)
            for id in [first.id, gone.id] { try await store.deleteState(id, of: model) }
            let before = try StoreFolder(store).packBytes()
            let plan = try await store.planCollection()
            let report = try await store.collect()
            #expect(report.removed == plan.removable)
            #expect(report.compactableBytes == plan.compactableBytes)
            #expect(plan.waiting == CollectedGarbage() && plan.sessions == [] && report.sessions == [])
            #expect(report.removed.packCount == 1, "the first state's chunks are the bases of the second's")
            #expect(report.removed.valueCount == 4 && report.removed.inlineBytes == 20_003)
            #expect(try StoreFolder(store).packBytes() == before - report.removed.packBytes)
            let contents = try await store.contents(of: kept.id, of: model)
            #expect(contents == ["w": SeededBytes.trained(weights, seed: 2), "note": [4]])
            let again = try await store.collect()
            #expect(again.removed == CollectedGarbage())
            try await store.deleteModel(model)
            let rest = try await store.planCollection()
            let end = try await store.collect()
            #expect(end.removed == rest.removable)
            #expect(try StoreFolder(store).packs() == [])
            try await expectNothingLeft(in: store)
        }
    }

    @Test func chunksThatAPartOfTheStoreStillUsesAreCompactionsBusiness() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let (shared, own) = (SeededBytes.random(400_000, seed: 1), SeededBytes.random(400_000, seed: 2))
            let both = try await store.commit([("a", shared), ("b", own)], to: model)
            try await store.commit([("a", shared)], to: model, options: StateOptions(makeActive: true))
            try await store.deleteState(both.id, of: model)
            let plan = try await store.planCollection()
            let report = try await store.collect()
            #expect(report.removed == plan.removable && report.removed.packCount == 0 && report.removed.chunkBytes >= 400_000)
            #expect(plan.compactableBytes == report.removed.chunkBytes && report.compactableBytes == plan.compactableBytes)
            let contents = try await store.contents(of: model)
            #expect(contents == ["a": shared])
        }
    }

    /// Another handle stands for another process: they see of each other what lies in the store's folder.
    @Test func anOpenReaderAndAMountKeepWhatTheyRead() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let bytes = (SeededBytes.random(700_000, seed: 1), SeededBytes.random(300_000, seed: 2))
            let read = try await store.commit([("k", bytes.0)], to: model)
            let mounted = try await store.commit([("k", bytes.1)], to: model)
            try await withStore(at: store.path) { other in
                try await other.withState(read.id, of: model) { reader in
                    try await other.withMounts([MountRequest(modelID: model, selection: .state(mounted.id))]) { mounts in
                        let ranges = try await reader.rangeReader(of: "k", keptBytesMax: 0)
                        for id in [read.id, mounted.id] { try await store.deleteState(id, of: model) }
                        for _ in 0..<3 {
                            let plan = try await store.planCollection()
                            let report = try await store.collect()
                            #expect(report.removed == plan.removable && report.removed == CollectedGarbage())
                            #expect(plan.waiting.valueCount == 1 && plan.waiting.packCount == 1, "the mounted one is only marked")
                            #expect(plan.sessions.map(\.isOwn) == [false] && plan.sessions[0].processID != nil)
                        }
                        let whole = try await reader.bytes(of: "k")
                        let part = try await ranges.bytes(in: 650_000..<650_100)
                        let mount = try await mounts[0].state.bytes(of: "k")
                        #expect(whole == bytes.0 && part == Array(bytes.0[650_000..<650_100]) && mount == bytes.1)
                    }
                }
            }
            let report = try await store.collect()
            #expect(report.removed.packCount == 2)
            #expect(try StoreFolder(store).packs() == [])
        }
    }

    /// A handle that is open for reading only is a session while it reads, and leaves nothing behind.
    @Test func aReadOnlyReaderKeepsWhatItReads() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let bytes = SeededBytes.random(700_000, seed: 1)
            let state = try await store.commit([("k", bytes)], to: model)
            try await withStore(at: store.path, .readOnly) { other in
                try await other.withState(state.id, of: model) { reader in
                    try await store.deleteState(state.id, of: model)
                    #expect(try await store.collect().removed == CollectedGarbage())
                    #expect(try await reader.bytes(of: "k") == bytes)
                }
                #expect(try await store.collect().removed.packCount == 1)
            }
            #expect(try StoreFolder(store).sessions().count == 1, "the writer's own")
        }
    }

    /// What was cut off between the removal of a pack's rows and that of its file is finished by the next collection.
    @Test func aFileThatCouldNotBeRemovedGoesWithTheNextCollection() async throws {
        try await withTemporaryFolder { folder in
            let disk = HookedDisk()
            var options = StateStore.Options()
            options.disk = disk
            try await withStore(at: folder + "/s", options: options) { store in
                let model = try await store.createModel(named: "m").id
                let state = try await store.commit([("k", SeededBytes.random(300_000, seed: 1))], to: model)
                try await store.deleteState(state.id, of: model)
                disk.set { hooks in
                    hooks.beforeRemove = { path throws(ContentError) in
                        if path.hasSuffix(".pack") { throw ContentError(.io, "the disk is gone", path: path) }
                    }
                }
                await expectRefusal(.io) { _ = try await store.collect() }
                #expect(try StoreFolder(store).packs().count == 1)
                let statistics = try await store.statistics()
                #expect(statistics.packCount == 0 && statistics.chunkCount == 0)
            }
            try await withStore(at: folder + "/s") { store in
                let plan = try await store.planCollection()
                let report = try await store.collect()
                #expect(plan.removable.packCount == 1 && report.removed == plan.removable)
                try await expectNothingLeft(in: store)
                let again = try await store.planCollection()
                #expect(again.removable == CollectedGarbage())
            }
        }
    }

    @Test func aStoreThatIsOpenForReadingPlansAndDoesNotCollect() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                let state = try await store.commit([("k", [1])], to: model)
                try await store.deleteState(state.id, of: model)
            }
            try await withStore(at: path, .readOnly) { store in
                let plan = try await store.planCollection()
                #expect(plan.removable.valueCount == 1)
                await expectRefusal(.readOnly) { _ = try await store.collect() }
            }
        }
    }
}
