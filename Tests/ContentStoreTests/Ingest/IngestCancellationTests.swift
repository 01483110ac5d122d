import Testing

@testable import ContentStore

@Suite struct IngestCancellationTests {
    @Test func cancellingInMidIngestLeavesNothing() async throws {
        for seed in UInt64(0)..<8 {
            let store = try TestStore()
            let task = Task {
                var generator = SeededGenerator(seed: seed)
                let piece = generator.manyBytes(1 << 20)
                _ = try await store.ingest([piece], options: IngestOptions(packBytesTarget: 5 << 20)) { writer, piece in
                    // Never ends by itself; every piece is new.
                    for round in 0... {
                        var bytes = piece
                        for index in stride(from: 0, to: bytes.count, by: 4096) { bytes[index] = UInt8(truncatingIfNeeded: round) }
                        bytes[0] = UInt8(truncatingIfNeeded: round >> 8)
                        try await writer.write(bytes)
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(Int64(seed) * 25))
            task.cancel()
            await #expect(throws: CancellationError.self, "seed \(seed)") { try await task.value }
            #expect(store.folder.files().isEmpty, "seed \(seed)")
        }
    }

    @Test func cancellingWhileReadingASourceEnds() async throws {
        let store = try TestStore()
        let task = Task {
            _ = try await store.ingest([[]]) { writer, _ in
                try await writer.write { buffer throws(ContentError) in
                    buffer.initializeMemory(as: UInt8.self, repeating: 1)
                    return 1
                }
            }
        }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(store.folder.files().isEmpty)
    }

    /// A write that was cancelled has lost a part of its value: the session must not let a later finish take it for whole.
    @Test func aCancelledWritePoisonsTheSession() async throws {
        let store = try TestStore()
        let staging = try store.staging()
        let session = store.session(staging)
        let writer = session.beginValue(number: 0, base: nil)
        var generator = SeededGenerator(seed: 3)
        let bytes = generator.manyBytes(5 << 20)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await writer.write(bytes)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) {
            let finished = try await writer.finish()
            _ = try await session.finish(values: [finished]) { _ in [] }
        }
        await session.abandon()
        try staging.close()
        #expect(store.folder.files().isEmpty)
    }
}
