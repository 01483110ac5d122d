import DecthingsAPI
import Strata

extension APIService {
    func getEntries(_ call: Call, from folder: Strata.Dataset.Folder, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetEntriesParams.self)
        let dataset = try await dataset(params.datasetId, for: call)
        do {
            try await store.withEntries(
                Strata.EntrySelection(params.entries), of: dataset.id, in: folder, expectedVersionID: params.datasetVersionId
            ) { reader in
                try await EntryAnswer(reader, client: call.client).send(to: sink)
            }
        } catch let error as StrataError where error.code == .limitExceeded {
            throw APIError.invalidParameter("entries", error.message)
        }
    }
}

extension Strata.EntrySelection {
    /// What lies beyond the largest index lies beyond every folder.
    fileprivate init(_ selection: DecthingsAPI.EntrySelection) {
        switch selection {
        case .indexes(let indexes): self = .indexes(indexes.map { Int(clamping: $0) })
        case .range(let start, let end):
            let start = Int(clamping: start)
            self = .range(start..<max(start, Int(clamping: end)))
        }
    }
}

/// Sends entries: first the sizes of all blobs, then the tensors out of the store as the client takes them.
private struct EntryAnswer {
    private let reader: EntriesReader
    /// The dataset's keys in the order in which they are sent.
    private let keys: [(name: String, index: Int)]
    /// One blob for an entry's tensors together.
    private let joinsTensors: Bool
    /// How tensors are rewritten for the client, by their number in the answer.
    private let plans: [Int: MediaRewriter.Plan]

    init(_ reader: EntriesReader, client: ClientKind) async throws {
        self.reader = reader
        let names = reader.keys.map(\.name)
        let keys = DatasetKeyOrder.sorted(names).map { name in (name: name, index: names.firstIndex(of: name)!) }
        self.keys = keys
        joinsTensors = client == .pythonRequests && keys.count > 1 && Self.canBeJoined(reader, keys.dropLast().map(\.index))
        plans = client.mediaLayout == .threeByteFormat ? try await Self.plans(reader, keys.map(\.index)) : [:]
    }

    /// The synchronous Python client takes one blob an entry, which it can take apart only behind tensors of variable size.
    private static func canBeJoined(_ reader: EntriesReader, _ keys: [Int]) -> Bool {
        reader.indexes.indices.allSatisfy { entry in
            keys.allSatisfy { ElementType(name: reader.elementType(entry: entry, key: $0))?.elementSizeBytes == nil }
        }
    }

    private static func plans(_ reader: EntriesReader, _ keys: [Int]) async throws -> [Int: MediaRewriter.Plan] {
        var plans: [Int: MediaRewriter.Plan] = [:]
        for entry in reader.indexes.indices {
            for (number, key) in keys.enumerated() {
                guard ElementType(name: reader.elementType(entry: entry, key: key))?.isMedia == true else { continue }
                var rewriter = MediaRewriter(sizeBytes: Int(reader.sizeBytes(entry: entry, key: key)))
                try await reader.read(entry: entry, key: key) { piece in
                    var ignored: [UInt8] = []
                    try rewriter.rewrite(piece, into: &ignored)
                }
                plans[entry * keys.count + number] = try rewriter.finish()
            }
        }
        return plans
    }

    private func sizeBytes(_ entry: Int, _ number: Int) -> Int {
        plans[entry * keys.count + number]?.sizeBytes ?? Int(reader.sizeBytes(entry: entry, key: keys[number].index))
    }

    func send(to sink: any AnswerSink) async throws {
        var sizes: [Int] = []
        sizes.reserveCapacity(reader.indexes.count * (joinsTensors ? 1 : keys.count))
        for entry in reader.indexes.indices {
            let tensors = keys.indices.map { sizeBytes(entry, $0) }
            if joinsTensors { sizes.append(tensors.reduce(0, +)) } else { sizes += tensors }
        }
        let result = GetEntriesResult(keys: keys.map(\.name), indexes: reader.indexes.map(UInt64.init))
        try await sink.begin(Envelope(result: result), blobSizesBytes: sizes)
        for entry in reader.indexes.indices {
            for number in keys.indices { try await send(entry, number, to: sink) }
        }
    }

    private func send(_ entry: Int, _ number: Int, to sink: any AnswerSink) async throws {
        let key = keys[number].index
        guard let plan = plans[entry * keys.count + number] else {
            return try await reader.read(entry: entry, key: key) { try await sink.write($0) }
        }
        var rewriter = MediaRewriter(sizeBytes: Int(reader.sizeBytes(entry: entry, key: key)), plan: plan)
        try await reader.read(entry: entry, key: key) { piece in
            var out: [UInt8] = []
            out.reserveCapacity(piece.count)
            try rewriter.rewrite(piece, into: &out)
            if !out.isEmpty { try await sink.write(out[...]) }
        }
    }
}
