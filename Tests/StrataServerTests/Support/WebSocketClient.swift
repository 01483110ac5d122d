import Foundation
import Testing

/// A WebSocket client that sends what it is told to, frame for frame. Used by one task.
final class WebSocketClient {
    struct Frame {
        let isFinal: Bool
        let opcode: UInt8
        let payload: [UInt8]
    }

    let socket: ClientSocket

    private init(_ socket: ClientSocket) { self.socket = socket }

    static func connect(port: Int, headers: String = "") async throws -> WebSocketClient {
        let socket = try await ClientSocket.connect(port: port)
        try await socket.send(
            Array(
                "GET /v0/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\(headers)\r\n"
                    .utf8))
        let (status, answered) = try await socket.head()
        #expect(status == 101)
        #expect(answered["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(answered["sec-websocket-extensions"] == nil)
        return WebSocketClient(socket)
    }

    /// One frame, masked as clients must.
    func send(_ payload: [UInt8], opcode: UInt8 = 2, isFinal: Bool = true) async throws {
        try await socket.send(Self.frame(payload, opcode: opcode, isFinal: isFinal))
    }

    static func frame(_ payload: [UInt8], opcode: UInt8 = 2, isFinal: Bool = true) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [0x80 | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset & 3] }
    }

    /// The next frame as the server sent it.
    func frame() async throws -> Frame {
        let head = try await socket.take(2)
        #expect(head[1] & 0x80 == 0, "servers do not mask")
        // 126 and 127 announce a longer length, which may itself be 127.
        let lengthBytes = [126: 2, 127: 8][head[1]]
        var size = Int(head[1])
        if let lengthBytes { size = try await socket.take(lengthBytes).reduce(0) { $0 << 8 | Int($1) } }
        return Frame(isFinal: head[0] & 0x80 != 0, opcode: head[0] & 15, payload: try await socket.take(size))
    }

    /// The next message, its fragments put together, or control frame.
    func receive() async throws -> Frame {
        var first = try await frame()
        while !first.isFinal {
            let next = try await frame()
            #expect(next.opcode == 0)
            first = Frame(isFinal: next.isFinal, opcode: first.opcode, payload: first.payload + next.payload)
        }
        return first
    }

    func close() { socket.close() }
}
