public import Hummingbird
public import HummingbirdCore

/// An `APIServer` as a responder of Hummingbird, for an application that serves nothing else.
public struct APIResponder<Context: RequestContext>: HTTPResponder {
    let server: APIServer

    public init(_ server: APIServer) { self.server = server }

    public func respond(to request: Request, context: Context) async throws -> Response {
        try await server.respond(to: request)
    }
}

extension RouterMethods {
    /// Serves the Decthings API below the path that `server` has in its options, among other routes of an application.
    ///
    /// Do not put it into a group with a path of its own: `basePath` is the whole path.
    @discardableResult
    public func addDecthingsAPI(_ server: APIServer) -> Self {
        let path = RouterPath(server.options.basePath + "/:api/:method")
        let responder = APIResponder<Context>(server)
        for method in [HTTPRequest.Method.post, .options, .get, .put, .delete, .patch] { on(path, method: method, responder: responder) }
        return self
    }
}
