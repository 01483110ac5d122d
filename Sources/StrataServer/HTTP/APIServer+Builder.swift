public import HummingbirdCore
public import NIOSSL

extension APIServer {
    /// Connections that take WebSocket at `<basePath>/ws` and HTTP for everything else, with the limits of the options.
    ///
    /// - Parameter tls: nil speaks in the clear.
    /// - Throws: what NIOSSL finds wrong with the configuration.
    public func serverBuilder(tls: TLSConfiguration? = nil) throws -> HTTPServerBuilder {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        return HTTPServerBuilder { responder in ServerChannel(server: self, responder: responder, tls: context) }
    }
}
