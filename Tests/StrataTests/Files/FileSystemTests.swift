import Strata
import StrataTesting
import Testing

/// A model's files by inode numbers and names.
@Suite struct FileSystemTests {
    private func withFiles(
        sizeMebibytes: Int = 32, _ body: (FileSystem, StateStore, ModelID) async throws -> Void
    ) async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions()
            options.filesystemSizeMebibytes = sizeMebibytes
            let model = try await store.createModel(named: "m", options: options).id
            try await body(store.fileSystem(of: model), store, model)
            try await expectNothingLeft(in: store)
        }
    }

    private func name(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func bytes(_ files: FileSystem, _ inode: InodeNumber, _ range: Range<Int64> = 0..<Int64.max) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var announced: Int64 = -1
        try await files.read(inode, in: range) { announced = $0 } _: { bytes += $0 }
        #expect(Int(announced) == bytes.count)
        return bytes
    }

    private func tree(_ store: StateStore, _ model: ModelID) async throws -> [String] {
        try await store.files(of: model).map(\.path)
    }

    @Test func aFileIsMadeFoundWrittenAndRead() async throws {
        try await withFiles { files, store, model in
            let root = try await files.attributes(of: .root)
            #expect(root.mode & 0o170000 == 0o040000)
            let made = try await files.makeFile(name("main.py"), in: .root, mode: 0o100755)
            #expect(made.mode == 0o100755 && made.sizeBytes == 0 && made.linkCount == 1)
            let written = try await files.write(name("print(1)"), to: made.inode)
            #expect(written.sizeBytes == 8)
            let found = try await files.lookUp(name("main.py"), in: .root)
            #expect(found == written)
            let read = try await bytes(files, made.inode)
            #expect(read == name("print(1)"))
            let entries = try await files.entries(of: .root)
            #expect(entries.map(\.name) == [name("main.py")] && entries.map(\.inode) == [made.inode])
            let code = try await store.fileBytes(at: "main.py", of: model)
            #expect(code == name("print(1)"))
        }
    }

    @Test func zeroAndTwoMeanTheRootAndOtherUnknownNumbersNothing() async throws {
        try await withFiles { files, _, _ in
            for alias in [Int64(0), 2] {
                let root = try await files.attributes(of: InodeNumber(rawValue: alias))
                #expect(root.inode == .root)
            }
            _ = try await files.makeFile(name("f"), in: InodeNumber(rawValue: 0), mode: 0o644)
            let found = try await files.lookUp(name("f"), in: InodeNumber(rawValue: 2))
            #expect(found.inode.rawValue > 2)
            for number in [Int64.min, -1, 99, Int64.max] {
                await expectRefusal(.staleInode, words: ["\(number)"]) { _ = try await files.attributes(of: InodeNumber(rawValue: number)) }
            }
        }
    }

    /// Writes at places inside, at and beyond the ends of contents that lie in the catalog and in chunks.
    @Test(arguments: [0, 10, 32 << 10, 700_000, 5 << 20], [1, 4000, 600_000, 5 << 20])
    func writesReplaceWhatTheyCoverAndLeaveTheRest(old: Int, new: Int) async throws {
        try await withFiles(sizeMebibytes: 64) { files, store, _ in
            let inode = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            for (seed, offset) in [0, old / 3, old - min(old, new / 2), old, old + 100_000].enumerated() {
                var expected = SeededBytes.random(old, seed: 1)
                try await files.write(expected, to: inode, truncates: true)
                let data = SeededBytes.random(new, seed: UInt64(seed + 2))
                let written = try await files.write(data, to: inode, at: Int64(offset))
                if offset + new > expected.count { expected += [UInt8](repeating: 0, count: offset + new - expected.count) }
                expected.replaceSubrange(offset..<offset + new, with: data)
                #expect(Int(written.sizeBytes) == expected.count)
                let read = try await bytes(files, inode)
                #expect(read == expected, "\(new) bytes at \(offset) of \(old)")
                let middle = try await bytes(files, inode, Int64(offset)..<Int64(offset + new))
                #expect(middle == data)
            }
            let report = try await store.verify()
            #expect(report.isSound)
        }
    }

    @Test func aFileThatGrowsByAppendsIsNotStoredAgain() async throws {
        try await withFiles { files, store, _ in
            let inode = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            let whole = SeededBytes.random(8 << 20, seed: 3)
            for start in stride(from: 0, to: whole.count, by: 256 << 10) {
                try await files.write(Array(whole[start..<start + 256 << 10]), to: inode, at: Int64(start))
            }
            let read = try await bytes(files, inode)
            #expect(read == whole)
            let stored = try StoreFolder(store).packBytes()
            #expect(stored < 40 << 20, "each append may store the last chunk again, not the file: \(stored)")
        }
    }

    @Test func sizesAreSetBothWays() async throws {
        try await withFiles { files, _, _ in
            let inode = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            let whole = SeededBytes.random(900_000, seed: 3)
            try await files.write(whole, to: inode)
            for size in [600_000, 600_000, 650_000, 5, 0, 3] {
                let changed = try await files.setAttributes(of: inode, FileAttributesChange(sizeBytes: Int64(size)))
                #expect(Int(changed.sizeBytes) == size)
                let read = try await bytes(files, inode)
                let kept = Array(whole.prefix(min(size, size == 650_000 ? 600_000 : size == 3 ? 0 : size)))
                #expect(read == kept + [UInt8](repeating: 0, count: size - kept.count))
            }
        }
    }

    @Test func onlyGivenAttributesChange() async throws {
        try await withFiles { files, _, _ in
            let made = try await files.makeFile(name("f"), in: .root, mode: 0o644)
            let mode = try await files.setAttributes(of: made.inode, FileAttributesChange(mode: 0o040700))
            #expect(mode.mode == 0o100700 && mode.modifiedAtNanoseconds == made.modifiedAtNanoseconds)
            let times = try await files.setAttributes(
                of: made.inode, FileAttributesChange(accessedAtNanoseconds: -1, modifiedAtNanoseconds: 1_234_567_890_123_456_789))
            #expect(times.accessedAtNanoseconds == -1 && times.modifiedAtNanoseconds == 1_234_567_890_123_456_789 && times.mode == 0o100700)
            let both = try await files.setAttributes(of: made.inode, FileAttributesChange(sizeBytes: 9, modifiedAtNanoseconds: 5))
            #expect(both.sizeBytes == 9 && both.modifiedAtNanoseconds == 5 && both.accessedAtNanoseconds == -1)
            await expectRefusal(.isADirectory) { _ = try await files.setAttributes(of: .root, FileAttributesChange(sizeBytes: 0)) }
            await expectRefusal(.invalidParameter, field: "size") {
                _ = try await files.setAttributes(of: made.inode, FileAttributesChange(sizeBytes: -1))
            }
        }
    }

    @Test func whatPassesTheFileSystemIsRefusedAndChangesNothing() async throws {
        try await withFiles(sizeMebibytes: 1) { files, _, _ in
            let inode = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            try await files.write(SeededBytes.random(600_000, seed: 1), to: inode)
            await expectRefusal(.notEnoughSpace, words: ["1 MiB"]) { _ = try await files.write([1], to: inode, at: 1 << 20) }
            await expectRefusal(.notEnoughSpace) { _ = try await files.write([1], to: inode, at: Int64.max - 1) }
            await expectRefusal(.notEnoughSpace) {
                _ = try await files.write(6 << 20, to: inode) { _ in Issue.record("the bytes are not wanted") }
            }
            await expectRefusal(.fileTooLarge) { _ = try await files.setAttributes(of: inode, FileAttributesChange(sizeBytes: 1 << 40)) }
            await expectRefusal(.notEnoughSpace) { try await files.copy(inode, as: name("g"), in: .root) }
            let attributes = try await files.attributes(of: inode)
            #expect(attributes.sizeBytes == 600_000)
            let names = try await files.entries(of: .root).map(\.name)
            #expect(names == [name("f")])
            // 64 inodes a MiB, the root among them.
            for number in 0..<62 { _ = try await files.makeDirectory(name("d\(number)"), in: .root, mode: 0o755) }
            await expectRefusal(.notEnoughSpace, words: ["64"]) { _ = try await files.makeFile(name("h"), in: .root, mode: 0o644) }
            await expectRefusal(.notEnoughSpace) { _ = try await files.makeSymlink(name("h"), in: .root, target: [1]) }
        }
    }

    @Test func concurrentWritesToOneFileAllArrive() async throws {
        try await withFiles { files, _, _ in
            let inode = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            let part = 50_000
            let whole = SeededBytes.random(12 * part, seed: 5)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        try await files.write(Array(whole[number * part..<(number + 1) * part]), to: inode, at: Int64(number * part))
                    }
                }
                try await group.waitForAll()
            }
            let read = try await bytes(files, inode)
            #expect(read == whole)
        }
    }

    @Test func namesAreLinkedMovedAndTakenAway() async throws {
        try await withFiles { files, store, model in
            let d = try await files.makeDirectory(name("d"), in: .root, mode: 0o755).inode
            let f = try await files.makeFile(name("f"), in: d, mode: 0o644).inode
            try await files.write([1, 2, 3], to: f)
            let linked = try await files.link(f, as: name("g"), in: .root)
            #expect(linked.linkCount == 2 && linked.inode == f)
            #expect(try await tree(store, model) == ["d", "d/f", "g"])
            try await files.unlink(name("f"), in: d)
            let read = try await bytes(files, f)
            #expect(read == [1, 2, 3])
            try await files.rename(name("g"), in: .root, to: name("h"), in: d)
            #expect(try await tree(store, model) == ["d", "d/h"])
            try await files.unlink(name("h"), in: d)
            await expectRefusal(.staleInode) { _ = try await files.attributes(of: f) }
            try await files.removeDirectory(name("d"), in: .root)
            #expect(try await tree(store, model) == [])
            _ = try await store.collect()
            let statistics = try await store.statistics()
            #expect(statistics.distinctBytes == 0)
        }
    }

    @Test func renamingReplacesLikeByLike() async throws {
        try await withFiles { files, store, model in
            let a = try await files.makeDirectory(name("a"), in: .root, mode: 0o755).inode
            let b = try await files.makeDirectory(name("b"), in: .root, mode: 0o755).inode
            let inner = try await files.makeDirectory(name("inner"), in: a, mode: 0o755).inode
            let f = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            let g = try await files.makeFile(name("g"), in: .root, mode: 0o644).inode
            await expectRefusal(.fileAlreadyExists) { try await files.rename(name("f"), in: .root, to: name("g"), in: .root, replaces: false) }
            await expectRefusal(.isADirectory) { try await files.rename(name("f"), in: .root, to: name("a"), in: .root) }
            await expectRefusal(.notADirectory) { try await files.rename(name("a"), in: .root, to: name("f"), in: .root) }
            await expectRefusal(.directoryNotEmpty) { try await files.rename(name("b"), in: .root, to: name("a"), in: .root) }
            await expectRefusal(.conflict) { try await files.rename(name("a"), in: .root, to: name("x"), in: inner) }
            await expectRefusal(.conflict) { try await files.rename(name("a"), in: .root, to: name("x"), in: a) }
            await expectRefusal(.fileNotFound) { try await files.rename(name("none"), in: .root, to: name("x"), in: a) }
            await expectRefusal(.notADirectory) { try await files.rename(name("f"), in: .root, to: name("x"), in: g) }
            try await files.rename(name("a"), in: .root, to: name("a"), in: .root)
            try await files.rename(name("f"), in: .root, to: name("g"), in: .root)
            await expectRefusal(.staleInode) { _ = try await files.attributes(of: g) }
            try await files.rename(name("a"), in: .root, to: name("b"), in: .root)
            await expectRefusal(.staleInode) { _ = try await files.attributes(of: b) }
            #expect(try await tree(store, model) == ["b", "b/inner", "g"])
            let moved = try await files.lookUp(name("g"), in: .root)
            #expect(moved.inode == f)
            // Two names of one file: nothing happens.
            _ = try await files.link(f, as: name("same"), in: .root)
            try await files.rename(name("g"), in: .root, to: name("same"), in: .root)
            #expect(try await tree(store, model) == ["b", "b/inner", "g", "same"])
        }
    }

    @Test func directoriesAreCopiedAndRemovedWithAllBelow() async throws {
        try await withFiles { files, store, model in
            let d = try await files.makeDirectory(name("d"), in: .root, mode: 0o750).inode
            let e = try await files.makeDirectory(name("e"), in: d, mode: 0o700).inode
            let f = try await files.makeFile(name("f"), in: e, mode: 0o600).inode
            let content = SeededBytes.random(100_000, seed: 8)
            try await files.write(content, to: f)
            _ = try await files.link(f, as: name("twice"), in: d)
            _ = try await files.makeSymlink(name("l"), in: d, target: name("../x"))
            // Also into itself: what is copied is what was there before.
            try await files.copy(d, as: name("c"), in: d)
            try await files.copy(d, as: name("k"), in: .root)
            let paths = try await tree(store, model)
            #expect(paths.filter { $0.hasPrefix("d/c") } == ["d/c", "d/c/e", "d/c/e/f", "d/c/l", "d/c/twice"])
            #expect(paths.filter { $0.hasPrefix("k/c") }.count == 5)
            let copy = try await store.fileBytes(at: "k/c/e/f", of: model)
            #expect(copy == content)
            let k = try await files.lookUp(name("k"), in: .root)
            #expect(k.mode == 0o040750)
            let link = try await files.lookUp(name("l"), in: k.inode)
            let target = try await files.target(of: link.inode)
            #expect(target == name("../x") && link.sizeBytes == 4)
            await expectRefusal(.directoryNotEmpty) { try await files.removeDirectory(name("d"), in: .root) }
            try await files.removeDirectory(name("d"), in: .root, recursively: true)
            try await files.removeDirectory(name("k"), in: .root, recursively: true)
            #expect(try await tree(store, model) == [])
            _ = try await store.collect()
            let statistics = try await store.statistics()
            #expect(statistics.distinctBytes == 0)
        }
    }

    @Test func snapshotsKeepTheirFilesUnderTheSameNumbers() async throws {
        try await withFiles { files, store, model in
            let f = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            try await files.write([1], to: f)
            let snapshot = try await store.createSnapshot(of: model, named: "s")
            try await files.write([2, 2], to: f, truncates: true)
            try await files.rename(name("f"), in: .root, to: name("g"), in: .root)
            let old = store.fileSystem(of: model, snapshot: snapshot.id)
            let found = try await old.lookUp(name("f"), in: .root)
            #expect(found.inode == f)
            let (before, after) = (try await bytes(old, f), try await bytes(files, f))
            #expect(before == [1] && after == [2, 2])
            await expectRefusal(.accessDenied) { try await old.unlink(name("f"), in: .root) }
            await expectRefusal(.snapshotNotFound) { _ = try await store.fileSystem(of: model, snapshot: .random()).attributes(of: .root) }
            // A model that runs the snapshot's code reads its files and changes none.
            let user = try await store.createModel(named: "u", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: model)))
            let theirs = store.fileSystem(of: user.id)
            let read = try await bytes(theirs, f)
            #expect(read == [1])
            await expectRefusal(.accessDenied) { _ = try await theirs.write([3], to: f) }
            await expectRefusal(.accessDenied) { _ = try await theirs.makeFile(name("x"), in: .root, mode: 0) }
            try await store.deleteSnapshot(snapshot.id, of: model)
            await expectRefusal(.snapshotNoLongerExists) { _ = try await theirs.attributes(of: .root) }
        }
    }

    @Test func thingsOfTheWrongKindAreRefused() async throws {
        try await withFiles { files, _, _ in
            let d = try await files.makeDirectory(name("d"), in: .root, mode: 0o755).inode
            let f = try await files.makeFile(name("f"), in: .root, mode: 0o644).inode
            let l = try await files.makeSymlink(name("l"), in: .root, target: name("f")).inode
            await expectRefusal(.isADirectory) { _ = try await files.write([1], to: d) }
            await expectRefusal(.wrongFileKind) { _ = try await files.write([1], to: l) }
            await expectRefusal(.isADirectory) { try await files.read(d, in: 0..<1) { _ in } _: { _ in } }
            await expectRefusal(.wrongFileKind) { try await files.read(l, in: 0..<1) { _ in } _: { _ in } }
            await expectRefusal(.wrongFileKind) { _ = try await files.target(of: f) }
            await expectRefusal(.notADirectory) { _ = try await files.entries(of: f) }
            await expectRefusal(.notADirectory) { _ = try await files.lookUp(name("x"), in: f) }
            await expectRefusal(.fileNotFound) { _ = try await files.lookUp(name("x"), in: d) }
            await expectRefusal(.isADirectory) { try await files.unlink(name("d"), in: .root) }
            await expectRefusal(.notADirectory) { try await files.removeDirectory(name("f"), in: .root) }
            await expectRefusal(.notADirectory) { try await files.removeDirectory(name("l"), in: .root, recursively: true) }
            await expectRefusal(.notPermitted) { _ = try await files.link(d, as: name("x"), in: .root) }
            await expectRefusal(.fileAlreadyExists) { _ = try await files.makeFile(name("d"), in: .root, mode: 0) }
            await expectRefusal(.staleInode) { _ = try await files.makeFile(name("x"), in: InodeNumber(rawValue: 99), mode: 0) }
            for bad in ["", ".", "..", "a/b", "a\0", String(repeating: "x", count: 256)] {
                await expectRefusal(.invalidParameter, field: "name") { _ = try await files.makeFile(name(bad), in: .root, mode: 0) }
            }
            for bad in ["", "a\0", String(repeating: "x", count: 4097)] {
                await expectRefusal(.invalidParameter, field: "link") { _ = try await files.makeSymlink(name("x"), in: .root, target: name(bad)) }
            }
        }
    }
}
