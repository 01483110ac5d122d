import Strata
import StrataTesting
import Testing

@Suite struct FileChangeTests {
    /// A store with one model, whose files `fill` has put.
    private func withFiles(
        _ fill: (FilesWriter) async throws -> Void, _ body: (StateStore, ModelID) async throws -> Void
    ) async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            try await store.changeFiles(of: model, fill)
            try await body(store, model)
            try await expectNothingLeft(in: store)
        }
    }

    private func paths(_ store: StateStore, _ model: ModelID) async throws -> [String] {
        try await store.files(of: model).map(\.path)
    }

    @Test func aNewModelHasNoFiles() async throws {
        try await withFiles({ _ in }) { store, model in
            let files = try await store.files(of: model)
            #expect(files == [])
        }
    }

    @Test func filesAreListedParentsFirstWithKindSizeAndPermissions() async throws {
        try await withFiles({ files in
            try await files.put("b/c/deep.txt", [1, 2, 3], permissions: 0o600)
            try await files.put("a.py", [], permissions: 0o755)
            try files.makeDirectory("empty", permissions: 0o700)
            try files.makeSymlink("link", to: "../outside")
        }) { store, model in
            let files = try await store.files(of: model)
            #expect(files.map(\.path) == ["a.py", "b", "b/c", "b/c/deep.txt", "empty", "link"])
            #expect(files.map(\.kind) == [.file, .directory, .directory, .file, .directory, .symlink])
            #expect(files.map(\.permissions) == [0o755, 0o755, 0o755, 0o600, 0o700, 0o777])
            #expect(files.map(\.sizeBytes) == [0, 0, 0, 3, 0, 10])
            #expect(files.last?.target == "../outside")
            let bytes = try await store.fileBytes(at: "/b/c/deep.txt", of: model)
            #expect(bytes == [1, 2, 3])
        }
    }

    @Test(arguments: [0, 1, 40_000, 5 << 20])
    func contentsOfAnySizeReadBack(size: Int) async throws {
        let bytes = SeededBytes.random(size, seed: 1)
        try await withFiles({ try await $0.put("f", bytes) }) { store, model in
            let read = try await store.fileBytes(at: "f", of: model)
            #expect(read == bytes)
        }
    }

    @Test func puttingAFileAgainReplacesItAndLetsTheOldContentGo() async throws {
        try await withFiles({ try await $0.put("f", SeededBytes.random(100_000, seed: 1)) }) { store, model in
            try await store.changeFiles(of: model) { try await $0.put("f", [9], permissions: 0o640) }
            let files = try await store.files(of: model)
            #expect(files.map(\.sizeBytes) == [1] && files.map(\.permissions) == [0o640])
            let statistics = try await store.statistics()
            #expect(statistics.distinctBytes == 1 && statistics.logicalBytes == 1)
        }
    }

    @Test func filesAndDirectoriesAreRemoved() async throws {
        try await withFiles({ files in
            try await files.put("d/a", [1])
            try await files.put("d/e/b", [2])
            try await files.put("f", [3])
        }) { store, model in
            await expectRefusal(.directoryNotEmpty, words: ["/d"]) { try await store.changeFiles(of: model) { try $0.remove("d") } }
            await expectRefusal(.fileNotFound, words: ["/none"]) { try await store.changeFiles(of: model) { try $0.remove("none") } }
            try await store.changeFiles(of: model) { files in
                try files.remove("d", recursively: true)
                try files.remove("f")
            }
            let left = try await paths(store, model)
            #expect(left == [])
            let statistics = try await store.statistics()
            #expect(statistics.logicalBytes == 0 && statistics.distinctBytes == 0)
        }
    }

    @Test func renamingMovesFilesAndWholeDirectories() async throws {
        try await withFiles({ files in
            try await files.put("d/a", [1])
            try await files.put("f", [3])
            try await files.put("g", [4])
            try files.makeDirectory("empty")
        }) { store, model in
            try await store.changeFiles(of: model) { files in
                try files.rename("d", to: "new/place")
                try files.rename("f", to: "g")
            }
            let left = try await paths(store, model)
            #expect(left == ["empty", "g", "new", "new/place", "new/place/a"])
            let bytes = try await store.fileBytes(at: "g", of: model)
            #expect(bytes == [3])
            try await store.changeFiles(of: model) { try $0.rename("new", to: "empty") }
            let after = try await paths(store, model)
            #expect(after == ["empty", "empty/place", "empty/place/a", "g"])
            await expectRefusal(.conflict) { try await store.changeFiles(of: model) { try $0.rename("empty", to: "empty/x") } }
            await expectRefusal(.notADirectory) { try await store.changeFiles(of: model) { try $0.rename("empty", to: "g") } }
            await expectRefusal(.isADirectory) { try await store.changeFiles(of: model) { try $0.rename("g", to: "empty") } }
            await expectRefusal(.fileNotFound) { try await store.changeFiles(of: model) { try $0.rename("x", to: "y") } }
            let unchanged = try await paths(store, model)
            #expect(unchanged == after)
        }
    }

    @Test func aPathThroughAFileIsRefused() async throws {
        try await withFiles({ files in
            try await files.put("f", [1])
            try files.makeDirectory("d")
            try files.makeSymlink("l", to: "d")
        }) { store, model in
            await expectRefusal(.notADirectory, words: ["/f"]) { try await store.changeFiles(of: model) { try await $0.put("f/x", [1]) } }
            // Links are never followed, not by writers either.
            await expectRefusal(.notADirectory, words: ["/l"]) { try await store.changeFiles(of: model) { try await $0.put("l/x", [1]) } }
            await expectRefusal(.isADirectory) { try await store.changeFiles(of: model) { try await $0.put("d", [1]) } }
            await expectRefusal(.isADirectory) { try await store.changeFiles(of: model) { try $0.makeSymlink("d", to: "x") } }
            await expectRefusal(.fileAlreadyExists) { try await store.changeFiles(of: model) { try $0.makeDirectory("f") } }
            await expectRefusal(.isADirectory) { _ = try await store.fileBytes(at: "d", of: model) }
            await expectRefusal(.invalidParameter, field: "path") { _ = try await store.fileBytes(at: "l", of: model) }
            await expectRefusal(.fileNotFound) { _ = try await store.fileBytes(at: "none", of: model) }
        }
    }

    @Test func replacingAllRemovesWhatWasThere() async throws {
        let bytes = SeededBytes.random(100_000, seed: 1)
        try await withFiles({ files in
            try await files.put("old/a", bytes)
            try await files.put("old/b", [2])
        }) { store, model in
            try await store.changeFiles(of: model, replacingAll: true) { try await $0.put("new", bytes) }
            let left = try await paths(store, model)
            #expect(left == ["new"])
            let statistics = try await store.statistics()
            #expect(statistics.logicalBytes == 100_000 && statistics.distinctBytes == 100_000)
        }
    }

    @Test func changesAreAllOrNothing() async throws {
        try await withFiles({ try await $0.put("f", [1]) }) { store, model in
            await #expect(throws: GivenUp.self) {
                try await store.changeFiles(of: model, replacingAll: true) { files in
                    try await files.put("g", SeededBytes.random(300_000, seed: 1))
                    throw GivenUp()
                }
            }
            await expectRefusal(.fileNotFound) {
                try await store.changeFiles(of: model) { files in
                    try await files.put("g", SeededBytes.random(300_000, seed: 1))
                    try files.remove("none")
                }
            }
            let left = try await paths(store, model)
            #expect(left == ["f"])
            #expect(try StoreFolder(store).packs() == [])
        }
    }

    @Test func filesBeyondTheirRoomAreRefusedAndNothingChanges() async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions()
            options.filesystemSizeMebibytes = 1
            let model = try await store.createModel(named: "m", options: options).id
            let bytes = SeededBytes.random(700_000, seed: 1)
            try await store.changeFiles(of: model) { try await $0.put("a", bytes) }
            await expectRefusal(.notEnoughSpace, words: ["1400000", "1 MiB"]) {
                try await store.changeFiles(of: model) { try await $0.put("b", bytes) }
            }
            let left = try await paths(store, model)
            #expect(left == ["a"])
            try await store.setFilesystemSize(of: model, mebibytes: 2)
            try await store.changeFiles(of: model) { try await $0.put("b", bytes) }
            await expectRefusal(.notEnoughSpace) { try await store.setFilesystemSize(of: model, mebibytes: 1) }
            let size = try await store.model(model).filesystemSizeMebibytes
            #expect(size == 2)
            try await expectNothingLeft(in: store)
        }
    }

    @Test(arguments: ["", "/", "..", "../x", "a/../b", "a/./b", "a//b", "a/", "//a", "a\u{0}b", String(repeating: "x", count: 256)])
    func namesThatCouldLeaveTheTreeAreRefused(path: String) async throws {
        try await withFiles({ _ in }) { store, model in
            await expectRefusal(.invalidParameter, field: "path") { try await store.changeFiles(of: model) { try await $0.put(path, [1]) } }
            await expectRefusal(.invalidParameter, field: "path") { try await store.changeFiles(of: model) { try $0.makeDirectory(path) } }
            await expectRefusal(.invalidParameter, field: "path") {
                try await store.changeFiles(of: model) { try $0.makeSymlink(path, to: "x") }
            }
            await expectRefusal(.invalidParameter, field: "path") { try await store.changeFiles(of: model) { try $0.remove(path) } }
            await expectRefusal(.invalidParameter, field: "path") {
                try await store.changeFiles(of: model) { try $0.rename("a", to: path) }
            }
            let left = try await paths(store, model)
            #expect(left == [])
        }
    }
}
