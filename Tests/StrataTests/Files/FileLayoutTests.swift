import Foundation
import Strata
import StrataTesting
import Testing

@Suite struct FileLayoutTests {
    /// Fills a local folder with one of everything.
    private func makeTree(in folder: String) throws {
        let files = FileManager.default
        for name in ["src/deep/er", "empty", "closed"] {
            try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        let contents: [(String, [UInt8], Int)] = [
            ("main.py", Array("print('hi')\n".utf8), 0o644), ("src/run.sh", Array("#!/bin/sh\n".utf8), 0o755),
            ("src/deep/er/weights.bin", SeededBytes.random(5 << 20, seed: 1), 0o600), ("src/empty.txt", [], 0o640),
            ("closed/read only", [7], 0o444), ("ünïcode ☃", [1], 0o644),
        ]
        for (name, bytes, permissions) in contents {
            try FileBytes.write(bytes, to: folder + "/" + name)
            try files.setAttributes([.posixPermissions: permissions], ofItemAtPath: folder + "/" + name)
        }
        try files.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "src/run.sh")
        try files.createSymbolicLink(atPath: folder + "/src/dangling", withDestinationPath: "/nowhere/at/all")
        try files.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder + "/closed")
    }

    @Test func aTreeIsLaidOutAsItWasTaken() async throws {
        try await withTemporaryFolder { folder in
            for name in ["in", "out"] {
                try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            }
            try makeTree(in: folder + "/in")
            try await withTemporaryStore { store in
                let model = try await store.createModel(named: "m")
                try await store.changeFiles(of: model.id) { try await $0.putTree(folder + "/in") }
                try await store.layOutFiles(of: model.id, in: folder + "/out")
            }
            let expected = try FolderListing(of: folder + "/in")
            #expect(expected.entries.count == 13)
            #expect(try FolderListing(of: folder + "/out") == expected)
        }
    }

    @Test func aTreeIsTakenBelowAPath() async throws {
        try await withTemporaryFolder { folder in
            try makeTree(in: folder)
            try await withTemporaryStore { store in
                let model = try await store.createModel(named: "m")
                try await store.changeFiles(of: model.id) { try await $0.putTree(folder, at: "lib/x") }
                let bytes = try await store.fileBytes(at: "lib/x/src/deep/er/weights.bin", of: model.id)
                #expect(bytes == SeededBytes.random(5 << 20, seed: 1))
            }
        }
    }

    @Test func whatIsNeitherFileFolderNorLinkIsRefused() async throws {
        try await withTemporaryFolder { folder in
            #expect(mkfifo(folder + "/pipe", 0o600) == 0)
            try await withTemporaryStore { store in
                let model = try await store.createModel(named: "m")
                await expectRefusal(.invalidParameter, field: "folder", words: ["pipe"]) {
                    try await store.changeFiles(of: model.id) { try await $0.putTree(folder) }
                }
                await expectRefusal(.invalidParameter, field: "folder") {
                    try await store.changeFiles(of: model.id) { try await $0.putTree(folder + "/none") }
                }
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test func aSnapshotKeepsTheFilesThatItWasTakenWith() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let bytes = SeededBytes.text(100_000, seed: 1)
            try await store.changeFiles(of: model) { files in
                try await files.put("a", bytes)
                try await files.put("d/b", [1])
            }
            let snapshot = try await store.createSnapshot(of: model, named: "s").id
            let before = try await store.files(of: model)
            try await store.changeFiles(of: model) { files in
                try await files.put("a", [2])
                try files.remove("d", recursively: true)
                try await files.put("new", [3])
            }
            let frozen = try await store.files(ofSnapshot: snapshot, of: model)
            #expect(frozen == before)
            let old = try await store.fileBytes(at: "a", of: model, snapshot: snapshot)
            let new = try await store.fileBytes(at: "a", of: model)
            #expect(old == bytes && new == [2])
            try await store.changeFiles(of: model, replacingAll: true) { _ in }
            let still = try await store.fileBytes(at: "d/b", of: model, snapshot: snapshot)
            #expect(still == [1])
            try await withTemporaryFolder { folder in
                try await store.layOutFiles(of: model, snapshot: snapshot, in: folder)
                let listing = try FolderListing(of: folder)
                #expect(listing.entries["a"]?.content == .file(bytes) && listing.entries.count == 3)
            }
        }
    }
}
