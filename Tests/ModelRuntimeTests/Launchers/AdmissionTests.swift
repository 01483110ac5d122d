import Foundation
import Strata
import StrataTesting
import Synchronization
import Testing

@testable import ModelRuntime

/// The machine's capacity is handed out in order, never twice, and never lost.
@Suite struct AdmissionTests {
    private static func admission(waitingMax: Int = 100, operationsMax: Int = 100) -> Admission {
        Admission(
            capacity: MachineCapacity(cpus: 2, memoryMebibytes: 1000), operationsMax: operationsMax, waitingMax: waitingMax)
    }

    private static func demand(cpus: Double = 0, memory: Int = 0) -> Admission.Demand {
        Admission.Demand(cpus: cpus, memoryMebibytes: memory, operations: 1)
    }

    @Test func whatIsThereIsHandedOutAtOnceAndTheNextWaits() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(cpus: 1.5))
        let second = Task { try await admission.enter(Self.demand(cpus: 1)) }
        // A small one does not overtake.
        let third = Task {
            try await second.value
            try await admission.enter(Self.demand(cpus: 1))
        }
        try await Task.sleep(for: .milliseconds(20))
        admission.leave(Self.demand(cpus: 1.5))
        try await second.value
        try await third.value
    }

    @Test func oneThatFitsWaitsBehindOneThatDoesNot() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(cpus: 1))
        let order = Shared<[String]>([])
        let large = Task {
            try await admission.enter(Self.demand(cpus: 2))
            order.value.withLock { $0.append("large") }
            admission.leave(Self.demand(cpus: 2))
        }
        try await Task.sleep(for: .milliseconds(20))
        let small = Task {
            try await admission.enter(Self.demand(cpus: 0.5))
            order.value.withLock { $0.append("small") }
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(order.value.withLock { $0 } == [])
        admission.leave(Self.demand(cpus: 1))
        try await large.value
        try await small.value
        #expect(order.value.withLock { $0 } == ["large", "small"])
    }

    @Test func whoGivesUpWaitingLetsTheNextIn() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(cpus: 1))
        let large = Task { try await admission.enter(Self.demand(cpus: 2)) }
        try await Task.sleep(for: .milliseconds(20))
        let small = Task { try await admission.enter(Self.demand(cpus: 1)) }
        try await Task.sleep(for: .milliseconds(20))
        large.cancel()
        await #expect(throws: CancellationError.self) { try await large.value }
        try await small.value
    }

    @Test func tooManyThatWaitAreRefused() async throws {
        let admission = Self.admission(waitingMax: 2)
        try await admission.enter(Self.demand(cpus: 2))
        let waiting = (0..<2).map { _ in Task { try await admission.enter(Self.demand(cpus: 1)) } }
        try await Task.sleep(for: .milliseconds(50))
        await #expect(throws: ExecutionFailure.serverOverloaded) { try await admission.enter(Self.demand(cpus: 1)) }
        admission.leave(Self.demand(cpus: 2))
        for task in waiting { try await task.value }
    }

    private static func standing(_ memory: Int) -> Admission.Demand { Admission.Demand(memoryMebibytes: memory) }

    @Test func aStandingDemandHoldsNobodyUpAndIsServedFirst() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(memory: 600))
        let order = Shared<[String]>([])
        let standing = Task {
            try await admission.enterStanding(Self.standing(700))
            order.value.withLock { $0.append("standing") }
        }
        try await Task.sleep(for: .milliseconds(20))
        try await admission.enter(Self.demand(memory: 300))
        // Smaller than what stands before it.
        try await admission.enterStanding(Self.standing(100))
        let operation = Task {
            try await admission.enter(Self.demand(memory: 200))
            order.value.withLock { $0.append("operation") }
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(order.value.withLock { $0 } == [])
        admission.leave(Self.demand(memory: 300))
        try await operation.value
        admission.leave(Self.demand(memory: 200))
        admission.leave(Self.demand(memory: 600))
        try await standing.value
        #expect(order.value.withLock { $0 } == ["operation", "standing"])
    }

    @Test func whoWaitsInVainBecauseOfALauncherIsTold() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(memory: 500))
        let large = Task { try await admission.enter(Self.demand(memory: 800)) }
        try await Task.sleep(for: .milliseconds(20))
        let behind = Task { try await admission.enter(Self.demand(memory: 200)) }
        try await Task.sleep(for: .milliseconds(20))
        try await admission.enterStanding(Self.standing(300))
        await #expect(throws: ExecutionFailure.serverOverloaded) { try await large.value }
        try await behind.value
        admission.leaveStanding(Self.standing(300))
        admission.leave(Self.demand(memory: 500))
        try await admission.enter(Self.demand(memory: 800))
    }

    @Test func aStandingDemandThatIsGivenUpTakesNothing() async throws {
        let admission = Self.admission()
        try await admission.enter(Self.demand(memory: 500))
        let standing = Task { try await admission.enterStanding(Self.standing(600)) }
        try await Task.sleep(for: .milliseconds(20))
        standing.cancel()
        await #expect(throws: CancellationError.self) { try await standing.value }
        admission.leave(Self.demand(memory: 500))
        try await admission.enter(Self.demand(memory: 1000))
    }

    @Test func moreThanTheMachineHasCountsAsAllOfIt() async throws {
        let admission = Self.admission(operationsMax: 3)
        let all = admission.clamped(Admission.Demand(cpus: 64, memoryMebibytes: 1 << 20, operations: 9))
        #expect(all == Admission.Demand(cpus: 2, memoryMebibytes: 1000, operations: 3))
        try await admission.enter(all)
        admission.leave(all)
    }

    @Test func theWholeMachineIsWhatTheKernelSaysItIs() throws {
        let text = try String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        let kibibytes = try #require(text.split(separator: "\n").first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        let whole = MachineCapacity.whole
        let limits = ControlGroupLimits.own()
        let least = min(kibibytes / 1024, limits.memoryBytes.map { Int($0 >> 20) } ?? .max)
        #expect(abs(whole.memoryMebibytes - least) <= 1)
        #expect(whole.cpus > 0 && whole.cpus <= Double(Processors.allowed().count))
    }

    @Test func fractionsOfCoresAddUpToWholeOnes() async throws {
        let admission = Self.admission()
        for _ in 0..<5 {
            for _ in 0..<20 { try await admission.enter(Self.demand(cpus: 0.1)) }
            for _ in 0..<20 { admission.leave(Self.demand(cpus: 0.1)) }
        }
        try await admission.enter(Self.demand(cpus: 2))
    }

    @Test func underRandomUseNothingIsHandedOutTwiceOrLost() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        let admission = Self.admission(waitingMax: 1000)
        let used = Shared((cpus: 0, most: 0))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &+ UInt64(number))
                    let cpus = Int.random(in: 1...2, using: &generator)
                    let pause = Int.random(in: 0...2000, using: &generator)
                    let work = Task {
                        try await admission.enter(Self.demand(cpus: Double(cpus), memory: 1))
                        used.value.withLock { used in
                            used.cpus += cpus
                            used.most = max(used.most, used.cpus)
                        }
                        try? await Task.sleep(for: .microseconds(pause))
                        used.value.withLock { $0.cpus -= cpus }
                        admission.leave(Self.demand(cpus: Double(cpus), memory: 1))
                    }
                    if Bool.random(using: &generator) {
                        try? await Task.sleep(for: .microseconds(pause * 20))
                        work.cancel()
                    }
                    _ = await work.result
                }
            }
        }
        #expect(used.value.withLock { $0.cpus } == 0 && used.value.withLock { $0.most } <= 2)
        // All of it can be had again.
        try await admission.enter(Self.demand(cpus: 2, memory: 1000))
    }
}

private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}
