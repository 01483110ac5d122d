import DecthingsAPI

enum WireTargets {
    /// What is decoded is canonical: it decodes to itself, and its parts add up.
    static func tensor(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        _ = try? TensorHeader.peek(bytes)
        guard let tensors = try? Tensor.decodeAll(bytes[...], countMax: 64) else { return }
        for tensor in tensors {
            guard let again = try? Tensor.decode(tensor.bytes) else { preconditionFailure("a canonical tensor does not decode") }
            precondition(again == tensor && again.shape == tensor.shape && again.type == tensor.type, "a tensor changed when it was decoded again")
            precondition(tensor.bytes.count == tensor.header.sizeBytes, "a tensor is not as long as its header says")
            if let elements = tensor.variableElements { precondition(elements.count == tensor.elementCount, "elements are missing") }
            precondition(tensor.strings.map { $0.count == tensor.elementCount } ?? true)
            precondition(tensor.numbers(as: Float.self).map { $0.count == tensor.elementCount } ?? true)
            _ = tensor.media
            for layout in [MediaLayout.threeByteFormat, .lengthPrefixedFormat] {
                let encoded = tensor.encoded(for: layout)
                precondition(encoded.count == tensor.encodedSizeBytes(for: layout), "a tensor's size was told wrongly")
            }
            rewrite(tensor)
        }
    }

    /// The stream says the same as the tensor in memory, whatever its pieces are.
    private static func rewrite(_ tensor: Tensor) {
        guard tensor.type.isMedia else { return }
        var plan: MediaRewriter.Plan?
        for _ in 0..<2 {
            var rewriter = MediaRewriter(sizeBytes: tensor.bytes.count, plan: plan)
            var out: [UInt8] = []
            do {
                var rest = tensor.bytes
                while !rest.isEmpty {
                    try rewriter.rewrite(rest.prefix(7), into: &out)
                    rest = rest.dropFirst(7)
                }
                let isSecond = plan != nil
                plan = try rewriter.finish()
                precondition(!isSecond || out[...] == tensor.encoded(for: .threeByteFormat), "the stream rewrote a tensor differently")
            } catch {
                preconditionFailure("a canonical tensor cannot be rewritten: \(error)")
            }
        }
    }

    static func frames(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        let whole = try? RequestFrame(decoding: bytes[...])
        for step in [1, 7, max(1, bytes.count)] {
            let pieces = request(in: bytes, step: step)
            precondition(pieces?.json == whole.map { Array($0.json) } && pieces?.blobs == whole?.blobs.map { Array($0) }, "pieces of a request say something else")
        }
        if let whole {
            precondition((try? RequestFrame(decoding: whole.encoded()[...])) == whole, "a request changed when it was written again")
        }
        if let response = try? ResponseFrame(decoding: bytes[...]) {
            precondition((try? ResponseFrame(decoding: response.encoded()[...])) == response, "a response changed when it was written again")
            _ = try? Envelope(decoding: response.json)
        }
        if let call = try? WebSocketRequestFrame(decoding: bytes[...]) {
            precondition((try? WebSocketRequestFrame(decoding: call.encoded()[...])) == call, "a call changed when it was written again")
        }
        if let message = try? WebSocketServerFrame(decoding: bytes[...]) {
            precondition((try? WebSocketServerFrame(decoding: message.encoded()[...])) == message, "a message changed when it was written again")
        }
    }

    private static func request(in bytes: [UInt8], step: Int) -> (json: [UInt8], blobs: [[UInt8]])? {
        var decoder = RequestFrameDecoder()
        var (json, blobs): ([UInt8], [[UInt8]]) = ([], [])
        do {
            for start in stride(from: 0, to: bytes.count, by: step) {
                var piece = bytes[start..<min(start + step, bytes.count)]
                while let event = try decoder.next(from: &piece) {
                    switch event {
                    case .json(let text): json = text
                    case .blobStart: blobs.append([])
                    case .blobBytes(let more): blobs[blobs.count - 1] += more
                    default: break
                    }
                }
            }
            // What needs no further byte is told at once.
            var none: ArraySlice<UInt8> = []
            while let event = try decoder.next(from: &none) { if case .blobStart = event { blobs.append([]) } }
            try decoder.finish()
            return (json, blobs)
        } catch {
            return nil
        }
    }

    /// A stream says the same in pieces of any size.
    static func runtime(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        let whole = runtimeEvents(in: bytes, step: max(1, bytes.count))
        for step in [1, 5] { precondition(runtimeEvents(in: bytes, step: step) == whole, "pieces of a stream say something else") }
        for message in whole {
            _ = try? RuntimeMessage(decoding: message)
            _ = try? RuntimeDataEvent(decoding: message)
        }
        _ = try? RuntimeMessage(decoding: bytes)
        _ = try? RuntimeDataEvent(decoding: bytes)
    }

    /// The texts of a stream's messages, and behind each the bytes of its blobs.
    private static func runtimeEvents(in bytes: [UInt8], step: Int) -> [[UInt8]] {
        var decoder = RuntimeFrameDecoder()
        var found: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            var piece = bytes[start..<min(start + step, bytes.count)]
            do {
                while let event = try decoder.next(from: &piece) {
                    switch event {
                    case .message(let json, _), .dataEvent(let json): found.append(json)
                    case .blobStart: found.append([])
                    case .blobBytes(let more): found[found.count - 1] += more
                    default: break
                    }
                }
            } catch {
                return found + [[0xff]]
            }
        }
        return found + [[decoder.isAtMessageBoundary ? 1 : 0]]
    }
}
