import HTTPTypes
import Tracing

/// The trace that an HTTP request says it belongs to: its headers, as the process's instrument reads them (`traceparent` of
/// W3C Trace Context for most).
enum TraceContext {
    static func extracted(from headers: HTTPFields) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        InstrumentationSystem.instrument.extract(headers, into: &context, using: Fields())
        return context
    }

    private struct Fields: Extractor {
        func extract(key: String, from headers: HTTPFields) -> String? { HTTPField.Name(key).flatMap { headers[$0] } }
    }
}
