/// Some of a list, and how long the whole is.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// All that match, before paging.
    public let total: Int
    public let offset: Int
    public let limit: Int

    static func check(offset: Int, limit: Int) throws(StrataError) {
        guard offset >= 0 else { throw .invalidParameter("offset", "the offset \(offset) is negative; the least is 0") }
        guard (1...1000).contains(limit) else {
            throw .invalidParameter("limit", "the limit \(limit) is outside 1 to 1000")
        }
    }
}
