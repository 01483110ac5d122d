import Strata
import StrataTesting
import Testing

/// Bad input gets an error that names field, value and bound, and changes nothing.
@Suite struct ModelRefusalTests {
    private static let names: [(String, String)] = [
        ("", "empty"), (String(repeating: "x", count: 256), "256"), ("a\u{0}b", "control"), ("line\nbreak", "control"),
        (String(repeating: "ü", count: 128), "256"),
    ]

    @Test(arguments: names)
    func badNamesAreRefused(name: String, word: String) async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = model.activeStateID
            let snapshot = try await store.createSnapshot(of: model.id, named: "s")
            await expectRefusal(.invalidParameter, field: "name", words: [word]) { _ = try await store.createModel(named: name) }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                try await store.updateModel(model.id, ModelChange(name: name, description: "changed"))
            }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                _ = try await store.commit([("k", [1])], to: model.id, named: name)
            }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                try await store.renameState(state, of: model.id, to: name)
            }
            await expectRefusal(.invalidParameter, field: "snapshotName", words: [word]) {
                _ = try await store.createSnapshot(of: model.id, named: name)
            }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                try await store.renameSnapshot(snapshot.id, of: model.id, to: name)
            }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                _ = try await store.createDataset(named: name, keys: [.init(name: "k")])
            }
            await expectRefusal(.invalidParameter, field: "name", words: [word]) {
                _ = try await store.createState(CreateStateRequest(modelID: model.id, name: name), on: ScriptedExecutor())
            }
            let statistics = try await store.statistics()
            #expect(statistics.modelCount == 1 && statistics.stateCount == 1 && statistics.snapshotCount == 1)
            #expect(statistics.datasetCount == 0)
            #expect(try await store.model(model.id).description == "")
        }
    }

    @Test func theLongestNameIsTaken() async throws {
        try await withTemporaryStore { store async throws in
            let name = String(repeating: "x", count: 255)
            #expect(try await store.createModel(named: name).name == name)
        }
    }

    struct BadSettings: Sendable, CustomTestStringConvertible {
        let field: String
        let words: [String]
        let change: @Sendable (inout ModelSettings) -> Void
        var testDescription: String { "\(field) \(words)" }

        init(_ field: String, _ words: [String], _ change: @escaping @Sendable (inout ModelSettings) -> Void) {
            (self.field, self.words, self.change) = (field, words, change)
        }
    }

    private static let settings: [BadSettings] = [
        .init("maxDurationsSeconds", ["0 s", "codeStartup"]) { $0.maxDurations.codeStartupSeconds = 0 },
        .init("maxDurationsSeconds", ["-3 s", "createState"]) { $0.maxDurations.createStateSeconds = -3 },
        .init("maxDurationsSeconds", ["2592001", "2592000"]) { $0.maxDurations.trainSeconds = 2_592_001 },
        .init("defaultLauncherSpecs", ["0.0 cpus"]) { $0.createStateLauncher.cpus = 0 },
        .init("defaultLauncherSpecs", ["nan"]) { $0.evaluateLauncher.cpus = .nan },
        .init("defaultLauncherSpecs", ["inf"]) { $0.evaluateLauncher.cpus = .infinity },
        .init("defaultLauncherSpecs", ["0 MiB", "memory"]) { $0.createStateLauncher.memoryMebibytes = 0 },
        .init("defaultLauncherSpecs", ["-1 MiB", "swap"]) { $0.createStateLauncher.swapMebibytes = -1 },
        .init("parameterDefinitions", ["`a`", "twice"]) { settings in
            settings.parameterDefinitions.train = [.init(name: "a"), .init(name: "a")]
        },
        .init("parameterDefinitions", ["0 bytes"]) { $0.parameterDefinitions.createState = [.init(name: "")] },
        .init("parameterDefinitions", ["`a`", "-1"]) { $0.parameterDefinitions.evaluateInput = [.init(name: "a", shape: [-2])] },
        .init("parameterDefinitions", ["255"]) { settings in
            settings.parameterDefinitions.evaluateOutput = [.init(name: "a", shape: Array(repeating: 1, count: 256))]
        },
    ]

    @Test(arguments: settings)
    func badSettingsAreRefused(bad: BadSettings) async throws {
        try await withTemporaryStore { store in
            var settings = ModelSettings()
            bad.change(&settings)
            await expectRefusal(.invalidParameter, field: bad.field, words: bad.words) {
                _ = try await store.createModel(named: "m", options: ModelOptions(settings: settings))
            }
            let model = try await store.createModel(named: "m")
            await expectRefusal(.invalidParameter, field: bad.field, words: bad.words) {
                try await store.updateModel(model.id, ModelChange(name: "n", settings: settings))
            }
            #expect(try await store.model(model.id) == model)
        }
    }

    @Test func badTagsDescriptionsAndSizesAreRefused() async throws {
        try await withTemporaryStore { store async throws in
            var options = ModelOptions()
            options.tags = Array(repeating: Tag("a", "b"), count: 101)
            await expectRefusal(.invalidParameter, field: "tags", words: ["101", "100"]) {
                _ = try await store.createModel(named: "m", options: options)
            }
            options.tags = [Tag("", "b")]
            await expectRefusal(.invalidParameter, field: "tags") { _ = try await store.createModel(named: "m", options: options) }
            options = ModelOptions(description: String(repeating: "x", count: 65537))
            await expectRefusal(.invalidParameter, field: "description", words: ["65537", "65536"]) {
                _ = try await store.createModel(named: "m", options: options)
            }
            for size in [0, -1, 1_048_577] {
                options = ModelOptions()
                options.filesystemSizeMebibytes = size
                await expectRefusal(.invalidParameter, field: "filesystemSizeMebibytes", words: ["\(size)", "1048576"]) {
                    _ = try await store.createModel(named: "m", options: options)
                }
            }
            #expect(try await store.models().total == 0)
        }
    }

    @Test func anUpdateIsHeldToTheSameBoundsAsACreation() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            await expectRefusal(.invalidParameter, field: "description", words: ["65537", "65536"]) {
                try await store.updateModel(model.id, ModelChange(description: String(repeating: "x", count: 65537)))
            }
            await expectRefusal(.invalidParameter, field: "tags") {
                try await store.updateModel(model.id, ModelChange(tags: [Tag("", "b")]))
            }
            await expectRefusal(.invalidParameter, field: "filesystemSizeMebibytes") {
                try await store.setFilesystemSize(of: model.id, mebibytes: 0)
            }
            #expect(try await store.model(model.id) == model)
        }
    }
}
