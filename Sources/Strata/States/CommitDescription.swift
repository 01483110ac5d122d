/// What a pack's commit record says of its state (FORMAT.md, "Commit records"): JSON, beside the values' chunk lists.
struct CommitDescription: Codable, Hashable, Sendable {
    var type = "state"
    var modelID: String
    var modelName: String
    var stateID: String
    var name: String
    var createdAt: Int64
    /// In the order of the values that follow.
    var keys: [String]

    func encoded() -> [UInt8] { Array(JSON.encode(self).utf8) }
}
