import CKernels
import Crypto
import Testing

@testable import ContentStore

/// The digests of many messages at once, held against the library's.
@Suite struct DigestKernelTests {
    @Test func everyLengthAroundABlockHasTheLibrarysDigest() {
        var generator = SeededGenerator(seed: 1)
        let messages = (0...260).map { generator.bytes($0) }
        expectLibrary(messages)
        for message in messages { expectLibrary([message, message]) }
    }

    @Test(arguments: 0..<40)
    func mixedLengthsInAnyNumberHaveTheLibrarysDigests(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let count = Int.random(in: 0...33, using: &generator)
        let longest = [10, 200, 5000, 70_000][seed % 4]
        expectLibrary((0..<count).map { _ in generator.bytes(Int.random(in: 0...longest, using: &generator)) }, "seed \(seed)")
    }

    /// NIST's examples for FIPS 180-4.
    @Test func theStandardsExamples() {
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        let digests = Digest.each(of: [Array("abc".utf8), [], Array(long.utf8)]).map(\.hex)
        #expect(digests[0] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(digests[1] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(digests[2] == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    private func expectLibrary(_ messages: [[UInt8]], _ comment: Comment? = nil) {
        #expect(Digest.each(of: messages) == messages.map { Digest(SHA256.hash(data: $0)) }, comment)
    }
}
