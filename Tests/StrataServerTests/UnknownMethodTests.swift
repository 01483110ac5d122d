import DecthingsAPI
import Testing

@testable import StrataServer

@Suite struct UnknownMethodTests {
    @Test func aMethodThatIsNotServedSaysSo() async throws {
        try await TestServer.with { server in
            #expect(APIMethod(api: "Terminal", method: "launchTerminalSession") == nil)
            let answer = try await server.call("Model/getModels", #"{"limit": "many"}"#)
            #expect(answer.error?.code == .invalidParameter)
        }
    }
}
