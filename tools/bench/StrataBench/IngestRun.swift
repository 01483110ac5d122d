import CKernels
import Foundation
import Strata

/// Stores two versions in new stores, several times, and reads the second back: medians in GB/s.
struct IngestRun {
    let file: String
    let next: String
    let folder: String?
    let passes: Int

    struct Speeds {
        let first: Double
        let next: Double
        let read: Double
        /// Ranges of 64 KiB at random places that were read before.
        let warmRanges: Double
    }

    func measure() async throws -> Speeds {
        var (first, second, read, ranges): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for pass in 0..<passes {
            let path = (folder ?? NSTemporaryDirectory()) + "/strata-bench-micro-\(ProcessInfo.processInfo.processIdentifier)-\(pass).strata"
            defer { try? FileManager.default.removeItem(atPath: path) }
            Self.touchMemory()
            let store = try await StateStore.open(at: path)
            let model = try await store.createModel(named: "chain").id
            let begin = ContinuousClock.now
            let one = try await store.commitState(of: model, named: "1") { try await $0.write("weights", fileAt: file) }
            let middle = ContinuousClock.now
            let two = try await store.commitState(of: model, named: "2") { try await $0.write("weights", fileAt: next) }
            let stored = ContinuousClock.now
            let (readSeconds, warm) = try await store.withState(two.id, of: model) { state in
                let begin = ContinuousClock.now
                try await state.read("weights") { _ in }
                return ((ContinuousClock.now - begin).seconds, try await warmRanges(state))
            }
            first.append(Double(one.sizeBytes) / (middle - begin).seconds / 1e9)
            second.append(Double(two.sizeBytes) / (stored - middle).seconds / 1e9)
            read.append(Double(two.sizeBytes) / readSeconds / 1e9)
            ranges.append(warm)
            try await store.close()
        }
        return Speeds(first: first.median, next: second.median, read: read.median, warmRanges: ranges.median)
    }

    /// A virtual machine gives memory that lies idle back to its host, whose next page then comes forty times slower: has the kernel hold
    /// what a pass will take.
    private static func touchMemory() {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 20, alignment: 2 << 20)
        ck_prefer_huge_pages(memory.baseAddress, memory.count)
        for offset in stride(from: 0, to: memory.count, by: 4096) { memory.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self) }
        memory.deallocate()
    }

    private func warmRanges(_ state: StateReader) async throws -> Double {
        let size = state.sizeBytes(of: "weights") ?? 0
        let reader = try await state.rangeReader(of: "weights", keptBytesMax: Int(size))
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 4096)
        defer { room.deallocate() }
        try await reader.read(0..<size, into: room)
        var random = SystemRandomNumberGenerator()
        let starts = (0..<20_000).map { _ in Int64.random(in: 0..<size - (64 << 10), using: &random) }
        let begin = ContinuousClock.now
        for start in starts { try await reader.read(start..<start + (64 << 10), into: room) }
        return Double(starts.count << 16) / (ContinuousClock.now - begin).seconds / 1e9
    }
}
