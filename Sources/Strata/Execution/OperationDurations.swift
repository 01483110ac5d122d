/// How long an operation and its phases took, in whole milliseconds. A phase that did not happen has none.
public struct OperationDurations: Hashable, Sendable, Codable {
    public var totalMilliseconds: Int
    public var createLauncherMilliseconds: Int?
    public var codeStartupMilliseconds: Int?
    public var createStateMilliseconds: Int?
    public var instantiateModelMilliseconds: Int?
    public var trainMilliseconds: Int?
    public var getStateMilliseconds: Int?
    public var evaluateMilliseconds: Int?

    public init(
        totalMilliseconds: Int = 0, createLauncherMilliseconds: Int? = nil, codeStartupMilliseconds: Int? = nil,
        createStateMilliseconds: Int? = nil
    ) {
        self.totalMilliseconds = totalMilliseconds
        self.createLauncherMilliseconds = createLauncherMilliseconds
        self.codeStartupMilliseconds = codeStartupMilliseconds
        self.createStateMilliseconds = createStateMilliseconds
    }
}

/// Measures one phase.
struct Stopwatch {
    private let start = ContinuousClock.now

    var milliseconds: Int {
        let elapsed = start.duration(to: .now).components
        return Int(elapsed.seconds) * 1000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
    }
}
