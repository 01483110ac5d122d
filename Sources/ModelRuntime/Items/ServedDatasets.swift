import DecthingsAPI
import Strata

/// The items that a process may pull during one call, under handles that the host chose.
struct ServedDatasets: Sendable {
    private let mediaLayout: MediaLayout
    private var datasets: [String: ServedDataset] = [:]

    init(mediaLayout: MediaLayout) { self.mediaLayout = mediaLayout }

    subscript(handle: String) -> ServedDataset? { datasets[handle] }

    func contains(_ handle: String) -> Bool { datasets[handle] != nil }

    /// Adds a parameter, whose items are tensors.
    ///
    /// Reads the first byte of every item, and each media tensor once where the runtime reads another layout than the
    /// stored one: the process is told sizes before it gets bytes.
    mutating func add(_ parameter: CallParameter) async throws -> RuntimeParameter {
        let plans = mediaLayout == .threeByteFormat ? try await Self.mediaPlans(for: parameter) : [:]
        return try add(parameter, ServedDataset(items: parameter.items, plans: plans))
    }

    /// Adds a state's key, whose single item is its value.
    mutating func add(stateKey: CallParameter) throws -> RuntimeParameter {
        try add(stateKey, ServedDataset(items: stateKey.items, plans: [:]))
    }

    private mutating func add(_ parameter: CallParameter, _ dataset: ServedDataset) throws -> RuntimeParameter {
        let handle = String(datasets.count)
        datasets[handle] = dataset
        var size = dataset.items.totalSizeBytes
        for (_, plan) in dataset.plans { size += Int64(plan.sizeBytes) - plan.storedSizeBytes }
        return RuntimeParameter(
            name: parameter.name, dataset: handle, amount: dataset.items.itemCount, totalByteSize: Int(size))
    }

    private static func mediaPlans(for parameter: CallParameter) async throws -> [Int: MediaPlan] {
        var plans: [Int: MediaPlan] = [:]
        for index in 0..<parameter.items.itemCount where try await isMedia(index, of: parameter.items) {
            do {
                plans[index] = try await MediaPlan(item: index, of: parameter.items)
            } catch let error as WireError {
                throw ExecutionFailure.unknown(
                    reason: "item \(index) of parameter \(parameter.name) is no well-formed tensor: \(error.message)")
            }
        }
        return plans
    }

    private static func isMedia(_ index: Int, of items: any ItemSource) async throws -> Bool {
        struct Enough: Error {}
        var first: UInt8?
        do {
            try await items.read(item: index) { piece in
                first = piece.first
                if first != nil { throw Enough() }
            }
        } catch is Enough {}
        return first.flatMap(ElementType.init(rawValue:))?.isMedia ?? false
    }
}

/// One handle's items.
struct ServedDataset: Sendable {
    let items: any ItemSource
    /// How to rewrite the items that are media tensors.
    let plans: [Int: MediaPlan]

    /// The sizes of the items in `range` as they are sent.
    func sizesBytes(of range: Range<Int>) async throws -> [Int64] {
        let stored = try await items.sizesBytes(of: range)
        if plans.isEmpty { return stored }
        return zip(range, stored).map { index, size in plans[index].map { Int64($0.sizeBytes) } ?? size }
    }

    /// Hands the item's bytes, as they are sent, to `consume` in order, in pieces of at most 1 MiB and a header.
    func read(item index: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        guard let plan = plans[index] else { return try await items.read(item: index, consume) }
        var rewriter = MediaRewriter(sizeBytes: Int(plan.storedSizeBytes), plan: plan.plan)
        try await items.read(item: index) { piece in
            var out: [UInt8] = []
            out.reserveCapacity(piece.count)
            do throws(WireError) {
                try rewriter.rewrite(piece, into: &out)
            } catch {
                throw ExecutionFailure.unknown(reason: "item \(index) changed while it was read: \(error.message)")
            }
            if !out.isEmpty { try await consume(out[...]) }
        }
    }
}

/// How one media tensor is rewritten.
struct MediaPlan: Sendable {
    let storedSizeBytes: Int64
    let plan: MediaRewriter.Plan

    var sizeBytes: Int { plan.sizeBytes }

    /// Reads the item once.
    init(item index: Int, of items: any ItemSource) async throws {
        storedSizeBytes = try await items.sizesBytes(of: index..<index + 1)[0]
        var rewriter = MediaRewriter(sizeBytes: Int(storedSizeBytes))
        try await items.read(item: index) { piece in
            var ignored: [UInt8] = []
            try rewriter.rewrite(piece, into: &ignored)
        }
        plan = try rewriter.finish()
    }
}
