import DecthingsAPI
import Tracing

/// A call as a transport took it from the wire: nothing of it has been judged yet.
struct IncomingCall: Sendable {
    let api: String
    let method: String
    let params: JSONValue
    let blobs: any RequestBlobs
    let key: String?
    let client: ClientKind
    /// An error code that the client wants to be answered (`x-strata-inject`).
    var wantedError: String?
    let requestID: String
    /// The trace that it is a part of.
    var trace = InstrumentationContext.topLevel

    /// Whether the client's `params` are as good as none: then they are `{}`.
    var object: JSONValue? {
        switch params {
        case .null: .object([:])
        case .object: params
        default: nil
        }
    }
}
