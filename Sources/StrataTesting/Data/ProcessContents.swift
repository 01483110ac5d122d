public import Strata

/// A state's contents that its name tells: any process can make them, and any other check them.
public struct ProcessContents: Hashable, Sendable {
    public let seed: UInt64
    /// The size of the state as a whole.
    public let sizeBytes: Int

    public init(seed: UInt64, sizeBytes: Int) {
        self.seed = seed
        self.sizeBytes = sizeBytes
    }

    /// `<seed>-<size>`.
    public init?(stateName: String) {
        let parts = stateName.split(separator: "-")
        guard parts.count == 2, let seed = UInt64(parts[0]), let size = Int(parts[1]) else { return nil }
        self.init(seed: seed, sizeBytes: size)
    }

    public var stateName: String { "\(seed)-\(sizeBytes)" }

    /// What all weights resemble; made once a process, since it takes a while.
    private static let commonWeights = SeededBytes.weights(1 << 18, seed: 7)

    /// Makes what `keys` needs, so that it is quick from then on.
    public static func prepare() { _ = commonWeights }

    /// The common weights, one after another, each moved a little.
    private func weights(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes.append(contentsOf: Self.commonWeights.prefix(count - bytes.count)) }
        bytes.withUnsafeMutableBytes { buffer in
            for start in stride(from: 0, to: count - count % 32, by: 32) {
                let moves = generator.next()
                for lane in 0..<8 { buffer[start + lane * 4] ^= UInt8(truncatingIfNeeded: moves >> UInt64(lane * 8)) & 0x1f }
            }
        }
        return bytes
    }

    /// A small key, weights that resemble those of every other state, and bytes that nothing resembles.
    public var keys: [(key: String, bytes: [UInt8])] {
        let half = sizeBytes / 2
        return [
            ("note", SeededBytes.text(min(100, sizeBytes), seed: seed)),
            ("weights", weights(half)),
            ("noise", SeededBytes.random(sizeBytes - half, seed: seed)),
        ]
    }

    public func write(to writer: StateWriter) async throws {
        for (key, bytes) in keys { try await writer.write(key, bytes) }
    }

    /// Reads a state whole and holds it against what its name says.
    /// - Throws: `TornStateError` when a byte differs; what reading throws.
    public static func check(_ state: State, in store: StateStore) async throws {
        guard let contents = ProcessContents(stateName: state.name) else { throw TornStateError(state: state.id, key: nil) }
        try await store.withState(state.id, of: state.modelID) { reader in
            let keys = contents.keys
            guard reader.keys.map(\.key) == keys.map(\.key) else { throw TornStateError(state: state.id, key: nil) }
            for (key, bytes) in keys where try await reader.bytes(of: key) != bytes {
                throw TornStateError(state: state.id, key: key)
            }
        }
    }
}

/// A state did not hold what it was committed with; `key` is nil when its keys or its name were others.
public struct TornStateError: Error, Hashable, Sendable {
    public let state: StateID
    public let key: String?
}
