import Foundation
import Strata
import StrataTesting
import Testing

@Suite struct PathLimitTests {
    @Test func aLongPathWorksUpToItsBoundAndIsRefusedBehindIt() async throws {
        try await withTemporaryFolder { folder in
            for (bytes, fits) in [(470, true), (600, false)] {
                var path = folder
                while path.utf8.count < bytes - 100 { path += "/" + String(repeating: "d", count: 90) }
                path += "/" + String(repeating: "e", count: bytes - path.utf8.count - 1)
                let parent = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
                if fits {
                    try await withStore(at: path) { store async throws in
                        let model = try await store.createModel(named: "m")
                        try await store.commit([("k", SeededBytes.random(100_000, seed: 1))], to: model.id)
                        #expect(try await store.verify().isSound)
                    }
                } else {
                    for mode in [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly] {
                        await expectRefusal(.invalidParameter, field: "path", words: ["600", "480", "shorter"]) {
                            _ = try await StateStore.open(at: path, mode)
                        }
                    }
                    #expect(!FileManager.default.fileExists(atPath: path))
                }
            }
        }
    }

    @Test func aNameThatTheFileSystemDoesNotTakeIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/" + String(repeating: "n", count: 300)
            let error = await expectRefusal(.io, words: ["nnn", "too long"]) { _ = try await StateStore.open(at: path) }
            #expect(error?.context["path"]?.contains("nnn") == true)
        }
    }
}
