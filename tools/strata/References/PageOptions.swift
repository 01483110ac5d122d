import ArgumentParser
import Strata

/// `--offset` and `--limit` of lists.
struct PageOptions: ParsableArguments {
    @Option(help: "Leave out this many from the beginning.")
    var offset = 0

    @Option(help: "List at most this many. (default: all)")
    var limit: Int?

    func validate() throws {
        guard offset >= 0 else { throw ValidationError("--offset is \(offset); the least is 0.") }
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit); the least is 1.") }
    }

    func read<Item>(
        _ page: (_ offset: Int, _ limit: Int) async throws -> Page<Item>
    ) async throws -> (items: [Item], total: Int) {
        try await Self.all(offset: offset, limit: limit, page)
    }

    /// Reads page after page.
    static func all<Item>(
        offset: Int = 0, limit: Int? = nil, _ page: (_ offset: Int, _ limit: Int) async throws -> Page<Item>
    ) async throws -> (items: [Item], total: Int) {
        var items: [Item] = []
        while true {
            let wanted = min(1000, (limit ?? Int.max) - items.count)
            let next = try await page(offset + items.count, wanted)
            items += next.items
            if next.items.count < wanted || items.count == limit { return (items, next.total) }
        }
    }
}

/// `--tag NAME=VALUE`.
struct TagArgument: ExpressibleByArgument {
    let tag: Tag

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else { return nil }
        tag = Tag(String(argument[..<separator]), String(argument[argument.index(after: separator)...]))
    }
}
