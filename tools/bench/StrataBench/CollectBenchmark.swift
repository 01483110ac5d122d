import ArgumentParser
import ContentStore
import Foundation
import GRDB
import Strata
import Synchronization

/// How long collection takes in a store of many small states, what memory it takes, and how long others wait for it.
struct CollectBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Collects a share of a store of many small states, beside a writer of another connection.")

    @Option(help: "States in the store.") var states = 100_000
    @Option(help: "The share of them that is deleted.") var garbage = 0.01
    @Option(help: "Chunks of each state.") var chunks = 4
    @Option(help: "Where the store is made; removed afterwards.") var folder: String?

    func run() async throws {
        let base = folder ?? NSTemporaryDirectory()
        let path = base + "/strata-bench-collect-\(ProcessInfo.processInfo.processIdentifier).strata"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (model, victims) = try await fill(path)
        let store = try await StateStore.open(at: path, .readWrite)
        for victim in victims { try await store.deleteState(victim, of: model) }
        let planStart = ContinuousClock.now
        let plan = try await store.planCollection()
        let planSeconds = (ContinuousClock.now - planStart).seconds
        let probe = try WriteProbe(path: path + "/catalog.sqlite")
        let idle = try await probe.measure { try await Task.sleep(for: .seconds(1)) }
        try ProcessMemory.resetPeak()
        let resident = try ProcessMemory.residentBytes()
        var seconds = 0.0
        var report: CollectionReport?
        let busy = try await probe.measure {
            let start = ContinuousClock.now
            report = try await store.collect()
            seconds = (ContinuousClock.now - start).seconds
        }
        let memory = try ProcessMemory.peakBytes() - resident
        try await store.close()
        guard let removed = report?.removed, removed == plan.removable else { throw ExitCode.failure }
        print("states \(states), deleted \(victims.count); plan \(planSeconds.rounded(toPlaces: 3)) s")
        print("removed                 \(removed.valueCount) values, \(removed.chunkCount) chunks, \(removed.packCount) packs")
        print("collection              \(seconds.rounded(toPlaces: 3)) s, memory above the base \(memory >> 20) MiB")
        print("a writer's insert       idle: \(idle.line); beside the collection: \(busy.line)")
    }

    /// Makes the states' rows as commits would, a thousand a transaction; the packs' files are left out but for names.
    private func fill(_ path: String) async throws -> (ModelID, [StateID]) {
        let store = try await StateStore.open(at: path)
        let model = try await store.createModel(named: "many")
        try await store.close()
        let queue = try DatabaseQueue(path: path + "/catalog.sqlite")
        let step = max(1, Int((1 / garbage).rounded()))
        var victims: [StateID] = []
        for start in stride(from: 0, to: states, by: 1000) {
            let batch = start..<min(start + 1000, states)
            let ids = batch.map { _ in StateID.random() }
            try await queue.write { [chunks] db in
                let row = try Int64.fetchOne(db, sql: "SELECT id FROM models WHERE public_id = ?", arguments: [model.id.rawValue])!
                for (number, id) in zip(batch, ids) { try Self.insert(id, number, chunks: chunks, model: row, db) }
            }
            for (number, id) in zip(batch, ids) where number % step == 0 { victims.append(id) }
        }
        try queue.close()
        return (model.id, victims)
    }

    /// A state with a small value in the catalog and one of chunks in a pack of its own.
    private static func insert(_ id: StateID, _ number: Int, chunks: Int, model: Int64, _ db: Database) throws {
        func run(_ sql: String, _ arguments: StatementArguments) throws { try db.cachedStatement(sql: sql).execute(arguments: arguments) }
        func digest(_ name: String) -> Digest { Digest(of: Array("\(name) \(number)".utf8)) }
        let first = Int64(number * chunks + 1)
        try run(
            "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, 0)",
            [Data(digest("pack").bytes), chunks * 1000, chunks, chunks * 900])
        let pack = db.lastInsertedRowID
        var entries: [ChunkListEntry] = []
        for chunk in 0..<chunks {
            let digest = digest("chunk \(chunk)")
            try run(
                """
                INSERT INTO chunks (id, digest_head, digest_tail, pack_id, pack_offset, stored_bytes, raw_bytes, encoding, checksum, refs)
                VALUES (?, ?, ?, ?, ?, 900, 1000, 0, 0, 1)
                """, [first + Int64(chunk), digest.head, Data(digest.tail), pack, 64 + chunk * 956])
            entries.append(ChunkListEntry(id: ChunkID(first + Int64(chunk)), rawBytes: 1000))
        }
        try run(
            "INSERT INTO stored_values (digest, size_bytes, chunk_count, refs) VALUES (?, ?, ?, 1)",
            [Data(digest("value").bytes), chunks * 1000, chunks])
        let large = db.lastInsertedRowID
        for segment in ChunkListSegment.segments(of: entries) {
            try run(
                "INSERT INTO chunk_lists (value_id, first_offset, first_chunk, chunk_count, entries) VALUES (?, ?, ?, ?, ?)",
                [large, segment.firstOffset, segment.firstChunk, segment.entries.count, Data(segment.encoded())])
        }
        try run(
            "INSERT INTO stored_values (digest, size_bytes, chunk_count, inline_bytes, refs) VALUES (?, 100, 0, ?, 1)",
            [Data(digest("inline").bytes), Data(count: 100)])
        let inline = db.lastInsertedRowID
        try run("INSERT INTO key_sets (key_count, size_bytes) VALUES (2, ?)", [chunks * 1000 + 100])
        let keySet = db.lastInsertedRowID
        for (position, value) in [large, inline].enumerated() {
            try run(
                "INSERT INTO key_set_entries (key_set_id, position, key, value_id) VALUES (?, ?, ?, ?)",
                [keySet, position, "k\(position)", value])
        }
        try run(
            "INSERT INTO states (public_id, model_id, name, created_at, key_set_id, lineage, mounts) VALUES (?, ?, ?, ?, ?, '[]', '[]')",
            [id.rawValue, model, "s\(number)", number, keySet])
    }
}

/// A writer on a connection of its own, as another process would have one: how long each of its transactions takes.
private final class WriteProbe: Sendable {
    struct Times {
        let milliseconds: [Double]
        var line: String {
            "p50 \(milliseconds.median.rounded(toPlaces: 2)) ms, longest \((milliseconds.max() ?? 0).rounded(toPlaces: 1)) ms of \(milliseconds.count)"
        }
    }

    private let queue: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        // As the store's own connections wait.
        configuration.busyMode = .callback { tries in
            Thread.sleep(forTimeInterval: tries < 20 ? 0.0005 : 0.002)
            return true
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
    }

    /// Writes every few milliseconds while `body` runs.
    func measure(_ body: () async throws -> Void) async throws -> Times {
        let isOver = Mutex(false)
        let writer = Task.detached { [queue] in
            var times: [Double] = []
            while !isOver.withLock({ $0 }) {
                let start = ContinuousClock.now
                try await queue.write { db in try db.execute(sql: "UPDATE store SET sequence = sequence + 1 WHERE id = 1") }
                times.append((ContinuousClock.now - start).seconds * 1000)
                try await Task.sleep(for: .milliseconds(2))
            }
            return times
        }
        try await body()
        isOver.withLock { $0 = true }
        return Times(milliseconds: try await writer.value)
    }
}
