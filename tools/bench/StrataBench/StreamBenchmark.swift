import ArgumentParser
import Foundation
import ModelRuntime
import Strata

/// One large key from a model into the store, and from the store into another model.
struct StreamBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Time and the host's peak memory of a large key from a model to the store, and back.",
        discussion: """
            The model is a program that makes and takes the key piece by piece, so that the memory is the host's alone. Its \
            second operation mounts the state of the first and checks what it reads.
            """)

    @Option(help: "Bytes of the key in MiB; the API's bound is 1024.") var mebibytes = 1024
    @Option(help: "Where the store is made; removed afterwards.") var folder: String?

    /// Numbers as bytes, which neither compress to nothing nor repeat within a chunk.
    private static let code = """
        #!/usr/bin/env python3
        import hashlib, json, os, random, socket, struct
        peer = socket.socket(socket.AF_UNIX); peer.connect(os.environ["IPC_PATH"]); stream = peer.makefile("rb", 1 << 20)
        number = lambda form: struct.unpack(form, stream.read(struct.calcsize(form)))[0]
        def send(message, blobs, tail=b"\\1"):
            text = json.dumps(message).encode()
            peer.sendall(b"\\0" + struct.pack(">IQ", blobs, len(text)) + text + tail)
        def pieces(mebibytes):
            maker = random.Random(5)
            for _ in range(mebibytes): yield maker.randbytes(1 << 20)
        send({"event": "modelSessionInitialized", "params": {}}, 0)
        while stream.read(1) == b"\\0":
            call = json.loads(stream.read(number(">Q")))["params"]
            begin = lambda name, size: send(
                {"event": "provideStateData", "params": {"commandId": call["id"], "names": [name]}}, 1, struct.pack(">Q", size))
            if call["otherModels"]:
                state = call["otherModels"][0]["state"][0]
                text = json.dumps({"event": "requestData", "requestId": 0, "dataset": state["dataset"], "startIndex": 0, "amount": 1}).encode()
                peer.sendall(b"\\1" + struct.pack(">Q", len(text)) + text)
                assert stream.read(1) == b"\\1" and number(">I") == 0 and number(">I") == 1
                size = number(">Q")
                assert size == state["totalByteSize"]
                same = all(stream.read(1 << 20) == piece for piece in pieces(size >> 20))
                begin("same", 1); peer.sendall(b"\\1" if same else b"\\0"); peer.sendall(b"\\1")
            else:
                begin("large", MEBIBYTES << 20)
                for piece in pieces(MEBIBYTES): peer.sendall(piece)
                peer.sendall(b"\\1")
            send({"id": call["id"], "result": {}}, 0)
        """

    func run() async throws {
        let path = (folder ?? NSTemporaryDirectory()) + "/strata-bench-stream-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try await StateStore.open(at: path)
        let model = try await store.createModel(named: "large", options: ModelOptions(settings: ModelSettings(language: .rust)))
        let text = Self.code.replacingOccurrences(of: "MEBIBYTES", with: "\(mebibytes)")
        try await store.changeFiles(of: model.id) { try await $0.put("model", Array(text.utf8), permissions: 0o755) }
        let executor = ProcessExecutor()
        let base = try ProcessMemory.peakBytes()
        let (large, toStore) = try await create(store, CreateStateRequest(modelID: model.id, name: "large"), executor)
        let peakStoring = try ProcessMemory.peakBytes()
        let mount = MountRequest(modelID: model.id, selection: .state(large))
        let (check, toModel) = try await create(store, CreateStateRequest(modelID: model.id, name: "check", mounts: [mount]), executor)
        guard try await store.bytes(of: "same", in: check, of: model.id) == [1] else {
            throw ValidationError("the model read other bytes than it had provided")
        }
        let peak = try ProcessMemory.peakBytes()
        print("from the model to the store  \(toStore.rounded(toPlaces: 2)) s, \((peakStoring - base) >> 20) MiB above base")
        print("from the store to the model  \(toModel.rounded(toPlaces: 2)) s, \((peak - base) >> 20) MiB above base")
        await executor.close()
        try await store.close()
    }

    private func create(
        _ store: StateStore, _ request: CreateStateRequest, _ executor: ProcessExecutor
    ) async throws -> (StateID, seconds: Double) {
        let start = ContinuousClock.now
        let result = try await store.createState(request, on: executor)
        guard case .success(let id, _) = result else { throw ValidationError("an operation failed: \(result)") }
        return (id, (ContinuousClock.now - start).seconds)
    }
}
