import DecthingsAPI
import Testing

/// Rewriting while streaming gives what rewriting in memory gives.
@Suite struct MediaRewriterTests {
    private static let tensors: [[UInt8]] = [
        Tensor.media(.image, [MediaElement(format: "png", data: [0x89, 0x50])]),
        Tensor.media(
            .image, [MediaElement(format: "jpeg", data: [1]), MediaElement(format: "", data: [])], shape: [2, 1]),
        Tensor.media(.audio, [MediaElement(format: String(repeating: "f", count: 31), data: [])]),
        Tensor.media(.audio, []),
        Tensor.media(.video, [MediaElement(format: "mp4", data: [UInt8](repeating: 5, count: 70_000))], shape: []),
        Tensor.media(.video, (0..<300).map { MediaElement(format: "webp", data: [UInt8](repeating: 6, count: $0)) }),
    ].map { Array($0.bytes) } + [[0x0e, 1, 1, 6, 5, 0x70, 0x6e, 0x67, 0x89, 0x50]]

    private func rewrite(
        _ bytes: [UInt8], by size: Int, plan: MediaRewriter.Plan?
    ) throws -> ([UInt8], MediaRewriter.Plan) {
        var rewriter = MediaRewriter(sizeBytes: bytes.count, plan: plan)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try rewriter.rewrite(bytes[start..<min(start + size, bytes.count)], into: &out)
        }
        return (out, try rewriter.finish())
    }

    @Test(arguments: [1, 2, 7, 4096, 1 << 20])
    func piecesOfAnySizeGiveWhatTheWholeGives(pieceSize: Int) throws {
        for bytes in Self.tensors {
            let expected = Array(try Tensor.decode(bytes).encoded(for: .threeByteFormat))
            let plan = try rewrite(bytes, by: pieceSize, plan: nil).1
            #expect(plan.sizeBytes == expected.count)
            #expect(try rewrite(bytes, by: pieceSize, plan: plan).0 == expected)
        }
    }

    @Test func everyCutIsAnError() throws {
        for bytes in Self.tensors where bytes.count < 1000 {
            for count in 0..<bytes.count {
                #expect(throws: WireError.self) { try rewrite(Array(bytes[..<count]), by: 3, plan: nil) }
            }
        }
    }

    @Test(arguments: [
        [0x0e, 1, 1, 1, 0], [0x0e, 1, 1, 3, 2, 0x70, 0x6e], [0x0e, 1, 1, 4, 3, 0x80, 0x6e, 0x67], [0x01, 0, 0, 0, 0, 0],
        [0x0e, 1, 1, 6, 5, 0x70, 0x6e, 0x67, 0x89, 0x50, 0], [0x0e, 1, 1, 6, 4, 0x70, 0x6e, 0x67, 0x89, 0x50],
    ] as [[UInt8]])
    func malformedTensorsAreErrors(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try rewrite(bytes, by: 4, plan: nil) }
    }
}
