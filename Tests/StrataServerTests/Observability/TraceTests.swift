import InMemoryTracing
import Testing
import Tracing

@testable import StrataServer

/// What tells a tracer of calls. A process has one tracer: it sees the calls of all other tests too.
@Suite struct TraceTests {
    private static let tracer: InMemoryTracer = {
        let tracer = InMemoryTracer()
        InstrumentationSystem.bootstrap(tracer)
        return tracer
    }()

    @Test func aCallIsASpanOfTheTraceThatItsRequestNames() async throws {
        let tracer = Self.tracer
        try await RunningServer.with { server async throws in
            let headers = [InMemoryTracer.traceIDKey: "trace of a client", InMemoryTracer.spanIDKey: "its span"]
            _ = try await server.call("Model/getModels", headers: headers)
            _ = try await server.call("Model/deleteModel", #"{"modelId": "none"}"#, headers: headers)
        }
        let spans = tracer.finishedSpans.filter { $0.traceID == "trace of a client" }
        #expect(spans.map(\.operationName) == ["Model/getModels", "Model/deleteModel"])
        #expect(spans.allSatisfy { $0.parentSpanID == "its span" && $0.kind == .server })
        #expect(spans.allSatisfy { $0.attributes["request.id"] != nil })
        #expect(spans.map { $0.attributes["error.code"]?.toSpanAttribute() } == [nil, .string("model_not_found")])
    }
}
