import StrataTesting

/// Changes inputs as a fuzzer does that sees nothing of the code.
struct Mutation {
    private static let numbers: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, 0xfd, 0xfe]

    private var generator: SeededGenerator
    private let inputs: [[UInt8]]

    init(of inputs: [[UInt8]], _ generator: SeededGenerator) {
        self.inputs = inputs
        self.generator = generator
    }

    mutating func next(bytesMax: Int) -> [UInt8] {
        var bytes = inputs.randomElement(using: &generator) ?? []
        for _ in 0...Int.random(in: 0...3, using: &generator) { change(&bytes) }
        return Array(bytes.prefix(bytesMax))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 1...16, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 1 where place < bytes.count: bytes[place] = Self.numbers.randomElement(using: &generator)!
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(.random(in: 0...255, using: &generator), at: place)
        default:
            let other = inputs.randomElement(using: &generator) ?? []
            bytes.replaceSubrange(place..., with: other.dropFirst(place))
        }
    }
}
