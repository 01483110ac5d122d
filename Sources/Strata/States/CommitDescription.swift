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
    // What follows is missing in the records of the first version, and may be missing in any.
    /// Tells this store's records from those of a pack that was put here by mistake.
    var storeID: String?
    var owner: String?
    var baseStateID: String?
    /// The JSON that the catalog keeps in `states.lineage` and `states.mounts`.
    var lineage: String?
    var mounts: String?
    var isActive: Bool?

    func encoded() -> [UInt8] { Array(JSON.encode(self).utf8) }
}
