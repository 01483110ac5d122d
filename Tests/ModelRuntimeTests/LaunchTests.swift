import Foundation
import Glibc
import ModelRuntime
import Strata
import Testing

/// What is checked and reported before a model's code runs.
@Suite struct LaunchTests {
    @Test func aMissingEntryFileIsReported() async throws {
        let outcome = try await ModelRun(files: MadeFiles { _ in }).run()
        #expect(outcome.failure == .readExecutableFileFailed(path: "main.py"))
    }

    @Test(arguments: ["folder", "dangling", "loop"])
    func anEntryFileThatCannotBeReadIsReported(kind: String) async throws {
        let files = MadeFiles { folder in
            let path = folder + "/main.py"
            switch kind {
            case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            case "dangling": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "gone.py")
            default: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "main.py")
            }
        }
        let outcome = try await ModelRun(files: files).run()
        #expect(outcome.failure == .readExecutableFileFailed(path: "main.py"))
    }

    /// A host that is root may read it, its model may not.
    @Test func anEntryFileThatItsOwnerMayNotReadIsReported() async throws {
        let files = MadeFiles { folder in
            try await Fixture.files("echo_params").layOut(in: folder)
            chmod(folder + "/main.py", 0)
        }
        let outcome = try await ModelRun(files: files).run()
        #expect(outcome.failure == .readExecutableFileFailed(path: "main.py"))
    }

    @Test func aProgramThatOnlyOthersMayRunIsNone() async throws {
        let files = MadeFiles { folder in
            try await Fixture.files("executable").layOut(in: folder)
            chmod(folder + "/model", 0o455)
        }
        var run = ModelRun(files: files)
        run.language = .rust
        guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("755"))
    }

    /// Code may close folders to itself; a host that is not root could not empty them as they are.
    @Test func aClosedFolderIsRemovedToo() async throws {
        let files = MadeFiles { folder in
            for path in ["/closed", "/closed/inner", "/closed/inner/deep"] {
                try FileManager.default.createDirectory(atPath: folder + path, withIntermediateDirectories: false)
            }
            try "text".write(toFile: folder + "/closed/inner/file", atomically: false, encoding: .utf8)
            for (path, mode) in [("/closed/inner/deep", 0), ("/closed/inner", 0o500), ("/closed", 0), ("", 0o500)] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder + path)
            }
        }
        let outcome = try await ModelRun(files: files).run()
        #expect(outcome.failure == .readExecutableFileFailed(path: "main.py"))
    }

    @Test func aMissingInterpreterIsNamed() async throws {
        var run = ModelRun("scaler")
        run.configure = { $0.pythonPath = "/nowhere/python3" }
        guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("/nowhere/python3") && reason.contains("STRATA_PYTHON"))
    }

    /// `-I -S` hide the packages of the environment that the interpreter belongs to.
    @Test func aMissingRuntimePackageIsReportedWithWhatToRun() async throws {
        var run = ModelRun("scaler")
        run.configure = { $0.pythonArguments = ["-I", "-S"] }
        guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("pip install decthings-model"))
    }

    @Test func filesThatCannotBeLaidOutFailTheStartWithTheirError() async throws {
        struct Damage: Error {}
        let outcome = try await ModelRun(files: MadeFiles { _ in throw Damage() }).run()
        #expect(outcome.error is Damage)
    }

    @Test func aRootTooLongForASocketIsRefused() async throws {
        var run = ModelRun("scaler")
        run.configure = { $0.temporaryRoot += "/" + String(repeating: "x", count: 90) }
        guard case .unknown(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("temporary root") && reason.contains("104"))
    }

    @Test(arguments: [ModelLanguage.javascript, .typescript])
    func aLanguageWithoutARuntimeIsRefused(language: ModelLanguage) async throws {
        var run = ModelRun("scaler")
        run.language = language
        run.configure = { $0.nodePath = "/nowhere/node" }
        guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("/nowhere/node"))
    }

    // MARK: Binaries

    @Test(arguments: [ModelLanguage.rust, .go])
    func anExecutableModelIsRunWithoutInitialize(language: ModelLanguage) async throws {
        setenv("STRATA_TEST_SECRET", "of the host", 1)
        var run = ModelRun("executable")
        run.language = language
        run.parameters = [CallParameter("a", [[1, 2]]), CallParameter("b", [[], [3]])]
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.values["a"] == [1, 2] && outcome.receiver.values["b"] == [3])
        let folder = try #require(outcome.receiver.text("cwd"))
        #expect(folder.hasSuffix("/model"))
        let names = Set(outcome.receiver.text("environment")?.split(separator: " ").map(String.init) ?? [])
        #expect(names.isSuperset(of: ["HOME", "IPC_PATH", "LANG", "PATH", "TMPDIR"]))
        #expect(!names.contains("STRATA_TEST_SECRET"))
        #expect(outcome.receiver.text("descriptors") == "0 1 2")
    }

    @Test(arguments: [(0o644, ""), (0o755, "neither a script nor a program"), (0o755, "#!/nowhere/interpreter\n")])
    func anEntryFileThatIsNoProgramIsReported(mode: Int, content: String) async throws {
        for endsWithHost in [true, false] {
            let files = MadeFiles { folder in
                let path = folder + "/model"
                try content.write(toFile: path, atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            }
            var run = ModelRun(files: files)
            run.language = .go
            run.configure = { $0.endsWithHost = endsWithHost }
            guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
                return #expect(Bool(false), "another failure")
            }
            #expect(reason.contains("model"))
        }
    }

    // MARK: Launchers

    @Test func aPersistentLauncherThatIsNotThereIsRefused() async throws {
        let id = LauncherID.random()
        let error = await #expect(throws: StrataError.self) {
            _ = try await ProcessExecutor().acquireLauncher(at: .persistentLauncher(id))
        }
        #expect(error?.code == .persistentLauncherNotFound)
        #expect(error?.context["persistentLauncherId"] == id.rawValue)
    }

    @Test func oneLauncherTooManyIsRefusedUntilOneIsReleased() async throws {
        var configuration = ProcessExecutor.Configuration()
        configuration.launchersMax = 2
        configuration.waitingOperationsMax = 0
        let executor = ProcessExecutor(configuration: configuration)
        let location = ExecutionLocation.temporaryLauncher(LauncherSpec(cpus: 0.1))
        let first = try await executor.acquireLauncher(at: location)
        let second = try await executor.acquireLauncher(at: location)
        await #expect(throws: ExecutionFailure.serverOverloaded) { _ = try await executor.acquireLauncher(at: location) }
        await first.release()
        let third = try await executor.acquireLauncher(at: location)
        await second.release()
        await third.release()
    }

    @Test func aStartThatIsCancelledAtAnyMomentLeavesNothing() async throws {
        for milliseconds in [0, 1, 2, 5, 10, 20, 50, 100, 200] {
            var run = ModelRun("hang_at_start")
            run.startLimit = .milliseconds(milliseconds)
            #expect(try await run.run().error is ModelRun.LimitReached)
        }
    }
}
