import Foundation
import FuzzTargets
import StrataTesting
import Testing

/// Every input that is kept, and some that are made of them, goes through its target. A target that ends the process ends the
/// run: the line before names the input.
@Suite(.serialized) struct CorpusTests {
    private static let mutationsMax = 2000
    /// How long one target's changed inputs may take, of whatever speed it is.
    private static let duration = Duration.milliseconds(500)

    @Test(arguments: FuzzTarget.allCases)
    func everyKeptInputIsHandled(target: FuzzTarget) async throws {
        let inputs = try Corpus.inputs(of: target)
        #expect(inputs.count >= 3, "the corpus of \(target.rawValue) is missing; make it with STRATA_WRITE_CORPUS")
        await onThread {
            for (name, bytes) in inputs {
                Self.note("\(target.rawValue)/\(name)")
                bytes.withUnsafeBytes { target.run($0) }
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func changedInputsAreHandled(target: FuzzTarget) async throws {
        let inputs = try Corpus.inputs(of: target).map(\.bytes)
        let generator = SeededGenerator.announced("changed inputs of \(target.rawValue)")
        await onThread {
            var mutation = Mutation(of: inputs, generator)
            let end = ContinuousClock.now + Self.duration
            for number in 0..<Self.mutationsMax where ContinuousClock.now < end {
                let bytes = mutation.next(bytesMax: target.inputBytesMax)
                Self.note("\(target.rawValue), seed \(generator.seed), change \(number): \(Data(bytes).base64EncodedString())")
                bytes.withUnsafeBytes { target.run($0) }
            }
        }
    }

    /// Sizes count: the corpora are part of the project.
    @Test func theCorporaAreSmall() throws {
        for target in FuzzTarget.allCases {
            let bytes = try Corpus.inputs(of: target).reduce(0) { $0 + $1.bytes.count }
            #expect(bytes < 200_000, "the corpus of \(target.rawValue) has \(bytes) bytes")
        }
    }

    /// Says what is about to run in a file that survives the process.
    private static func note(_ text: String) {
        guard let path = ProcessInfo.processInfo.environment["STRATA_FUZZ_LOG"] else { return }
        try? text.write(toFile: path, atomically: false, encoding: .utf8)
    }
}

/// Runs `body` on a thread of its own: targets block, which Swift's own threads must not.
private func onThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        let thread = Thread {
            body()
            continuation.resume()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
}
