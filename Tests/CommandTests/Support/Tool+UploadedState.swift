import Testing

extension Tool {
    /// A store with the model `m`, whose active state `v1` has a key `w` that takes a pack; and the text under it.
    static func withUploadedState() async throws -> (tool: Tool, text: String) {
        let tool = try await Tool()
        let text = (0..<60_000).map { String(($0 &* 2_654_435_761) >> 7 & 0xffff, radix: 36) }.joined()
        let file = try tool.file("w.bin", text)
        try await tool.succeed("model", "create", "m")
        let uploaded = try await tool.run("state", "upload", "m", "w=" + file, "--name", "v1", "--activate")
        #expect(uploaded.status == 0, "\(uploaded.errors)")
        return (tool, text)
    }
}
