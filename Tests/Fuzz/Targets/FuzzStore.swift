import Foundation
import Logging
import Strata
import Synchronization

/// A small store with something in every table, made once in a process and copied for each input.
struct FuzzStore: Sendable {
    let folder: String
    let catalogChanges: CatalogChanges

    var template: String { folder + "/template.strata" }

    static let shared: FuzzStore = {
        do {
            atexit { try? FileManager.default.removeItem(atPath: FuzzStore.shared.folder) }
            return try FuzzStore()
        } catch {
            preconditionFailure("the store for fuzzing could not be made: \(error)")
        }
    }()

    private init() throws {
        // In memory where the system has such a folder: nothing here is to be durable.
        let place = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        folder = place + "/strata-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/template.strata"
        try runBlocking { try await Self.fill(path) }
        catalogChanges = try CatalogChanges(of: path + "/catalog.sqlite")
    }

    /// A copy of the template, to do anything with.
    func copy() throws -> String {
        let path = folder + "/input.strata"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: template, toPath: path)
        return path
    }

    static var options: StateStore.Options {
        var options = StateStore.Options()
        options.catalogTimeoutSeconds = 1
        options.logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        return options
    }

    /// A training that reports something, whatever becomes of it.
    static func train(_ model: ModelID, in store: StateStore) async {
        let executor = ClosureExecutor { call in
            ClosureExecutor.Instance(
                train: { _, observer in
                    try await observer.progress(0.5)
                    try await observer.metric("loss", Item(elementType: "u8", shape: [], bytes: [UInt8(call.state.count)]))
                },
                getModelState: { receiver in
                    try await receiver.beginKey("note", sizeBytes: 1)
                    try await receiver.write([1])
                    try await receiver.endKey()
                })
        }
        guard let id = try? await store.train(TrainRequest(modelID: model, newStateName: "trained"), on: executor) else { return }
        _ = try? await store.waitForTraining(id, of: model)
    }

    private static func fill(_ path: String) async throws {
        let store = try await StateStore.open(at: path, options: options)
        var modelOptions = ModelOptions(description: "a model")
        modelOptions.tags = [Tag("kind", "fuzz")]
        let model = try await store.createModel(named: "golden", options: modelOptions)
        let weights = seededBytes(40_000, seed: 1)
        let first = try await store.commitState(of: model.id, named: "first", options: StateOptions(makeActive: true)) { writer in
            try await writer.write("weights", weights)
            try await writer.write("note", Array("kept".utf8))
        }
        let snapshot = try await store.createSnapshot(of: model.id, named: "frozen")
        var next = weights
        for place in stride(from: 0, to: next.count, by: 64) { next[place] &+= 1 }
        let changed = next
        _ = try await store.commitState(of: model.id, named: "second", options: StateOptions(base: first.id, makeActive: true)) { writer in
            try await writer.write("weights", changed)
        }
        try await store.changeFiles(of: model.id) { files in
            try await files.put("main.py", Array("print(1)\n".utf8))
            try await files.put("data/large", seededBytes(35_000, seed: 2))
            try files.makeSymlink("link", to: "main.py")
        }
        _ = try await store.createModel(named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: model.id)))
        let dataset = try await store.createDataset(named: "items", keys: [ParameterDefinition(name: "x", shape: [-1], allowedTypes: ["u8"])])
        try await store.appendEntries([["x": Item(elementType: "u8", shape: [3], bytes: [1, 2, 3])]], to: dataset.id)
        let gone = try await store.commitState(of: model.id, named: "gone") { try await $0.write("gone", seededBytes(50_000, seed: 3)) }
        try await store.deleteState(gone.id, of: model.id)
        await train(model.id, in: store)
        try await store.close()
    }
}

/// Waits for `body` on this thread, which must not be one of Swift's own.
func runBlocking(_ body: @escaping @Sendable () async throws -> Void) throws {
    let done = DispatchSemaphore(value: 0)
    let outcome = OutcomeBox()
    Task.detached {
        do {
            try await body()
            outcome.set(.success(()))
        } catch {
            outcome.set(.failure(error))
        }
        done.signal()
    }
    done.wait()
    try outcome.get()
}

private final class OutcomeBox: Sendable {
    private let value = Mutex<Result<Void, any Error>>(.success(()))

    func set(_ result: Result<Void, any Error>) { value.withLock { $0 = result } }
    func get() throws { try value.withLock { $0 }.get() }
}
