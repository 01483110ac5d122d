import NIOCore
import NIOWebSocket

/// Puts the fragments of a message together, within a bound.
struct MessageAssembly {
    /// What breaks the protocol; the connection is closed with this code.
    struct Violation: Error {
        let code: WebSocketErrorCode
    }

    let bytesMax: Int
    private var gathered: ByteBuffer?

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Takes a data frame; answers the message that it completes. Text counts as its bytes.
    mutating func take(_ frame: WebSocketFrame) throws(Violation) -> ByteBuffer? {
        if frame.opcode == .continuation {
            guard var message = gathered else { throw Violation(code: .protocolError) }
            gathered = nil
            var data = frame.unmaskedData
            guard message.readableBytes + data.readableBytes <= bytesMax else { throw Violation(code: .messageTooLarge) }
            message.writeBuffer(&data)
            if frame.fin { return message }
            gathered = message
            return nil
        }
        guard gathered == nil else { throw Violation(code: .protocolError) }
        let data = frame.unmaskedData
        guard data.readableBytes <= bytesMax else { throw Violation(code: .messageTooLarge) }
        if frame.fin { return data }
        gathered = data
        return nil
    }
}
