import DecthingsAPI
import Logging
import Strata

/// Answers a process's requests for items, one after another, while another task reads what the process says.
///
/// A process that does not read its socket stops this task and nothing else.
final class ItemServer: Sendable {
    /// Most requests that may wait. No runtime asks for so much at once; a process that does breaks the protocol.
    static let waitingRequestsMax = 1 << 16

    private let datasets: ServedDatasets
    private let frames: OutboundFrames
    private let logger: Logger
    private let requests: AsyncStream<RuntimeDataEvent>
    private let queue: AsyncStream<RuntimeDataEvent>.Continuation

    init(datasets: ServedDatasets, frames: OutboundFrames, logger: Logger) {
        self.datasets = datasets
        self.frames = frames
        self.logger = logger
        (requests, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingRequestsMax))
    }

    /// Takes a request; never waits.
    ///
    /// - Throws: `.limitExceeded` when too many wait.
    func enqueue(_ event: RuntimeDataEvent) throws(WireError) {
        if case .dropped = queue.yield(shortened(event)) {
            throw WireError(
                .limitExceeded,
                "more than \(Self.waitingRequestsMax) requests for items wait; read the answers before asking for more")
        }
    }

    /// The event without names that mean nothing here, which could be long.
    private func shortened(_ event: RuntimeDataEvent) -> RuntimeDataEvent {
        switch event {
        case .requestData(let id, let handle, let start, let amount):
            let handle = datasets.contains(handle) ? handle : String(handle.prefix(32))
            return .requestData(requestID: id, dataset: handle, startIndex: start, amount: amount)
        case .shuffle(let handles):
            let known = Set(handles).filter(datasets.contains)
            return .shuffle(datasets: Array(known))
        }
    }

    /// The call was answered: what was asked for before that is served, and no more.
    func stop() { queue.finish() }

    /// Sends the call, then serves until all is done after `stop()`, until cancelled, or until the process no longer reads.
    ///
    /// - Throws: what an item source throws.
    func run(after command: [UInt8]) async throws {
        var orders: [String: [Int]] = [:]
        do {
            try await frames.send(command)
            for await request in requests {
                switch request {
                case .requestData(let id, let dataset, let start, let amount):
                    try await answer(id, dataset, start: start, amount: amount, order: orders[dataset])
                case .shuffle(let handles): shuffle(handles, &orders)
                }
            }
        } catch is RuntimeConnection.Ended {
            logger.debug("a model process ended before it took all items it had asked for")
        }
    }

    private func answer(_ id: UInt32, _ handle: String, start: Int, amount: Int, order: [Int]?) async throws {
        guard let dataset = datasets[handle] else {
            logger.info(
                "a model asked for items of a dataset that it was not told of", metadata: ["dataset": "\(handle)"])
            return try await frames.send(RuntimeFrames.dataHead(requestID: id, itemCount: 0))
        }
        let count = dataset.items.itemCount
        let range = min(start, count)..<min(start + amount, count)
        if range.count != amount {
            logger.info(
                "a model asked for more items than there are",
                metadata: ["dataset": "\(handle)", "start": "\(start)", "amount": "\(amount)", "count": "\(count)"])
        }
        try await frames.send { out in
            try await out.append(RuntimeFrames.dataHead(requestID: id, itemCount: UInt32(range.count)))
            for batch in stride(from: range.lowerBound, to: range.upperBound, by: Self.sizesBatch) {
                let indices = batch..<min(batch + Self.sizesBatch, range.upperBound)
                if let order {
                    for index in indices { try await send(order[index]..<order[index] + 1, of: dataset, &out) }
                } else {
                    try await send(indices, of: dataset, &out)
                }
            }
        }
    }

    /// Sizes are asked for this many items at a time.
    private static let sizesBatch = 1024

    private func send(_ range: Range<Int>, of dataset: ServedDataset, _ out: inout OutboundFrames.Frame) async throws {
        let sizes = try await dataset.sizesBytes(of: range)
        for (index, size) in zip(range, sizes) {
            try await out.append(RuntimeFrames.dataItemHead(sizeBytes: UInt64(size)))
            var sent: Int64 = 0
            try await dataset.read(item: index) { piece in
                sent += Int64(piece.count)
                try await out.append(piece)
            }
            guard sent == size else {
                throw ExecutionFailure.unknown(reason: "item \(index) has \(sent) bytes, its source said \(size)")
            }
        }
    }

    /// One new order for all: their items belong together.
    private func shuffle(_ handles: [String], _ orders: inout [String: [Int]]) {
        let counts = Set(handles.map { datasets[$0]?.items.itemCount })
        guard counts.count == 1, let count = counts.first ?? nil else {
            logger.info("a model asked to shuffle datasets that are unknown or of unequal sizes; they keep their order")
            return
        }
        let order = Array(0..<count).shuffled()
        for handle in handles { orders[handle] = order }
    }
}
