import DecthingsAPI
import Foundation
import Testing

/// A folder of its own with a store in it, and the built command to run there.
final class Tool: Sendable {
    struct Outcome {
        let status: Int32
        let output: [UInt8]
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }

        func json() throws -> JSONValue { try JSONValue.parse(output) }
        func errorJSON() throws -> JSONValue { try JSONValue.parse(Array(errors.utf8)) }
    }

    let folder: String
    var store: String { folder + "/test.strata" }

    /// Makes the store too unless told otherwise.
    init(makesStore: Bool = true) async throws {
        folder = NSTemporaryDirectory() + "/strata-command-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if makesStore { try await succeed("init") }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs the command on the store and waits for its end.
    @discardableResult
    func run(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run(Self.executable, ["--store", store] + arguments, input: input)
    }

    /// Runs the command, which must succeed without a word on standard error.
    @discardableResult
    func succeed(_ arguments: String..., input: String = "", _ location: SourceLocation = #_sourceLocation) async throws -> Outcome {
        let outcome = try await run(Self.executable, ["--store", store] + arguments, input: input)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: location)
        #expect(outcome.errors == "", sourceLocation: location)
        return outcome
    }

    /// Runs a line of shell in which `strata` is the command with its store.
    func shell(_ line: String) async throws -> Outcome {
        let script = "set -o pipefail; strata() { '\(Self.executable)' --store '\(store)' \"$@\"; }; cd '\(folder)'; \(line)"
        return try await run("/bin/bash", ["-c", script])
    }

    func run(_ program: String, _ arguments: [String], input: String = "") async throws -> Outcome {
        let running = try start(program, arguments, input: input)
        return await running.outcome()
    }

    /// A process that runs. Its output goes to files, so that it never waits for a reader.
    struct Running {
        let process: Process
        let files: (output: String, errors: String)
        fileprivate let end: AsyncStream<Int32>

        func outcome() async -> Outcome {
            var status: Int32 = -1
            for await code in end { status = code }
            let output = FileManager.default.contents(atPath: files.output) ?? Data()
            let errors = FileManager.default.contents(atPath: files.errors) ?? Data()
            return Outcome(status: status, output: Array(output), errors: String(decoding: errors, as: UTF8.self))
        }
    }

    func start(_ program: String, _ arguments: [String], input: String = "") throws -> Running {
        let name = folder + "/" + UUID().uuidString
        for suffix in [".in", ".out", ".err"] {
            _ = FileManager.default.createFile(atPath: name + suffix, contents: suffix == ".in" ? Data(input.utf8) : Data())
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(["STRATA_PYTHON": Self.python]) { $1 }
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: name + ".in"))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: name + ".out"))
        let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: name + ".err"))
        // A process outlives its end, and with it what it was given. Past 1,024 descriptors Foundation sees no process end.
        defer { for handle in [input, output, errors] { try? handle.close() } }
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
        let (end, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            continuation.yield(process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
            continuation.finish()
        }
        try process.run()
        return Running(process: process, files: (name + ".out", name + ".err"), end: end)
    }

    /// Writes a file in the folder and answers its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The built command lies beside the tests.
    static let executable: String = {
        let names = [CommandLine.arguments[0], Bundle.main.bundlePath, Bundle.main.executablePath ?? ""]
        let folders = names.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        let candidates = folders.map { $0 + "/strata" } + [root + "/.build/debug/strata"]
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
    }()

    /// The project's folder.
    static let root: String = {
        var path = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }()

    static let python = root + "/.venv/bin/python3"
    /// Whether models can be run: tools/setup was.
    static let hasPython = FileManager.default.isExecutableFile(atPath: python)
}

extension JSONValue {
    /// `value[0]`: an array's element.
    subscript(index: Int) -> JSONValue? {
        guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
