import DecthingsAPI

/// Bytes from text such as `01 ff`; anything in braces or quotes is not understood here, so spell JSON with `+`.
func hex(_ text: String) -> [UInt8] {
    text.split(separator: " ").map { UInt8($0, radix: 16)! }
}

/// A small reproducible generator (SplitMix64), so that a printed seed repeats a failure.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Cuts `bytes` into pieces: of one byte each for seed 0, else of random lengths.
func pieces(_ bytes: [UInt8], seed: UInt64) -> [ArraySlice<UInt8>] {
    var generator = SeededGenerator(seed: seed)
    var rest = bytes[...]
    var out: [ArraySlice<UInt8>] = []
    while !rest.isEmpty {
        let size = seed == 0 ? 1 : Int.random(in: 1...max(1, min(40, rest.count)), using: &generator)
        out.append(rest.prefix(size))
        rest = rest.dropFirst(size)
    }
    return out
}

/// The error that `body` throws, nil when it throws none.
func wireError<T>(_ body: () throws(WireError) -> T) -> WireError? {
    do throws(WireError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
