import Foundation
import Glibc
import Strata
import Testing

@testable import ModelRuntime

/// Folders so deep that no path leads to their bottom.
@Suite struct DeepFolderTests {
    private static let name = String(repeating: "d", count: 200)

    /// Python that goes down 60 folders of 200 bytes and then runs `body` at the bottom.
    private static func script(in place: String, _ body: String) -> String {
        """
        import os, time
        os.chdir(\(place))
        for _ in range(60):
            os.mkdir("\(name)")
            os.chdir("\(name)")
        with open("bottom", "wb") as file:
            file.write(b"x")
        \(body)
        """
    }

    @Test(arguments: ["os.environ['HOME']", "os.environ['TMPDIR']"])
    func deepFoldersOfAModelAreRemoved(place: String) async throws {
        // Whether anything is left is checked by the run.
        let outcome = try await ConfinedRun().run(Self.script(in: place, ""))
        #expect(outcome.error == nil)
    }

    @Test func withoutIsolationTheModelsFolderIsEmptiedToo() async throws {
        var run = ConfinedRun()
        run.isolation = .none
        #expect(try await run.run(Self.script(in: "'.'", "")).error == nil)
    }

    @Test func whatLiesAtTheBottomCounts() async throws {
        var run = ConfinedRun()
        run.spec.diskMebibytes = 16
        run.createLimit = .seconds(20)
        let body = """
            block = b"x" * (4 << 20)
            for number in range(8):
                with open(str(number), "wb") as file:
                    file.write(block)
            time.sleep(60)
            """
        let failure = try await run.run(Self.script(in: "os.environ['TMPDIR']", body)).failure
        guard case .unknown(let reason) = failure else { throw AnotherFailure(failure) }
        #expect(reason.contains("diskMebibytes"))
    }

    @Test func whatADeadHostLeftGoesHoweverDeepItIs() throws {
        try Self.withRoot { root in
            let path = root + "/strata-abcdef"
            mkdir(path, 0o700)
            try Data(WorkingFolder.mark.utf8).write(to: URL(fileURLWithPath: WorkingFolder.lockFile(in: path)))
            try Self.dig(60, in: path)
            #expect(DeadHosts.sweep(root: root, places: []) == 1)
            #expect(Leftovers.files(below: root).isEmpty)
        }
    }

    @Test func namesThatAreNoTextAndClosedFoldersGo() throws {
        try Self.withRoot { root in
            let folder = try WorkingFolder.make(below: root)
            for name: [CChar] in [[-1, -2, 0], [10, 34, 0]] {
                let path = Array(folder.temporary.utf8CString.dropLast()) + [47] + name
                mkdir(path, 0o700)
                mkdir(Array(path.dropLast()) + [47] + name, 0)
                chmod(path, 0)
            }
            symlink(root, folder.home + "/link")
            #expect(folder.remove() == nil)
            #expect(Leftovers.files(below: root).isEmpty)
        }
    }

    @Test func aFolderThatIsMovedAwayMeanwhileLeadsNowhereElse() throws {
        try Self.withRoot { root in
            let (inside, outside) = (root + "/inside", root + "/outside")
            for path in [inside, outside, outside + "/other"] { mkdir(path, 0o700) }
            try Data().write(to: URL(fileURLWithPath: outside + "/precious"))
            try Self.dig(18, named: "d", in: inside)
            let deep = inside + String(repeating: "/d", count: 18)
            for name in ["x", "y"] { mkdir(deep + "/" + name, 0o700) }
            let code = FolderWalk.run(inside) { folder, depth, name in
                // From within the deepest folders: what they lie in now lies elsewhere.
                if depth == 18 { rename(deep, outside + "/moved") }
                return unlinkat(folder, name, 0) == 0 ? .pass : .enter
            } leave: { folder, name in
                unlinkat(folder, name, 0x200) == 0 ? 0 : errno
            }
            #expect(code != 0)
            #expect(Set(Leftovers.files(below: outside)).isSuperset(of: ["precious", "other"]))
        }
    }

    @Test func fewDescriptorsAreOpenHoweverDeepItGets() throws {
        try Self.withRoot { root in
            try Self.dig(500, in: root)
            let before = Leftovers.descriptorCount()
            var (most, count) = (0, 0)
            let code = FolderWalk.run(root) { _, _, name in
                count += 1
                most = max(most, Leftovers.descriptorCount())
                return strlen(name) == 200 ? .enter : .pass
            }
            #expect(code == 0 && count == 501)
            // Other tests open descriptors meanwhile.
            #expect(most < before + 200)
            #expect(FolderWalk.removeContent(of: root) == 0)
        }
    }

    private static func withRoot(_ body: (String) throws -> Void) throws {
        let root = try ModelRun.makeRoot()
        defer { _ = try? Process.run(URL(fileURLWithPath: "/bin/rm"), arguments: ["-rf", root]).waitUntilExit() }
        try body(root)
    }

    private static func dig(_ depth: Int, named name: String = name, in path: String) throws {
        var folder = open(path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<depth {
            try #require(mkdirat(folder, name, 0o700) == 0)
            let next = openat(folder, name, O_RDONLY | O_DIRECTORY)
            close(folder)
            folder = next
        }
        close(openat(folder, "bottom", O_WRONLY | O_CREAT, 0o600))
        close(folder)
    }
}
