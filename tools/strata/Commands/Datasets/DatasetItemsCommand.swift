import ArgumentParser
import DecthingsAPI
import Strata

struct ItemView: JSONDocument {
    static let elementsMax = 1000

    let index: Int
    let type: String
    let shape: [Int]
    let sizeBytes: Int
    let values: [JSONValue]?

    init(_ item: Item, index: Int) throws {
        self.index = index
        type = item.elementType
        shape = item.shape
        sizeBytes = item.bytes.count
        let count = item.shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        values = count <= Self.elementsMax ? TensorJSON.values(of: try Tensor.decode(item.bytes)) : nil
    }

    static let fields: [JSONField] = [
        .init("index", "the entry's number, from 0"), .init("type", "the element type, such as f32"),
        .init("shape[]", "lengths of the dimensions; none for a scalar"),
        .init("sizeBytes", "bytes of the tensor, serialized"),
        .init("values[]", "the elements, flat, where they can be written and are at most \(elementsMax)"),
    ]

    var preview: String {
        guard let values else { return "" }
        let text = values.prefix(8).map { String(decoding: $0.serialized(), as: UTF8.self) }.joined(separator: ", ")
        return String(text.prefix(60)) + (text.count > 60 || values.count > 8 ? " …" : "")
    }
}

struct DatasetItemsCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "items", abstract: "Lists the tensors under one key of a dataset.",
        discussion: """
            --raw writes them serialized, one behind the other, as @FILE takes them.

            Example:
              strata dataset items pairs text --offset 10 --limit 5
            """)
    static let access = StoreAccess.values
    private static let pageItems = 256

    @Argument(help: "The dataset's name or id.")
    var dataset: String

    @Argument(help: "The key.")
    var key: String

    @Flag(help: "Write the serialized tensors to standard output.")
    var raw = false

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if raw, global.json { throw ValidationError("Give --raw or --json, not both.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let dataset = try await store.findDataset(dataset)
        let end = min(dataset.entryCount, page.limit.map { page.offset.addingReportingOverflow($0).partialValue } ?? Int.max)
        let first = min(page.offset, dataset.entryCount)
        var views: [ItemView] = []
        // An empty range too: the store says whether there is such a key.
        var start = first
        repeat {
            let range = start..<min(start + Self.pageItems, max(start, end))
            let items = try await store.items(of: key, in: range, of: dataset.id)
            for (item, index) in zip(items, range) {
                if raw {
                    try await StandardOutput.write(item.bytes)
                } else {
                    views.append(try ItemView(item, index: index))
                }
            }
            start = range.upperBound
        } while start < end
        if raw { return }
        try await output.show(ListDocument(items: views, total: dataset.entryCount)) {
            Table(
                [.number("ENTRY"), .text("TYPE"), .text("SHAPE"), .number("SIZE"), .text("VALUES")],
                rows: views.map { ["\($0.index)", $0.type, "\($0.shape)", Text.size(Int64($0.sizeBytes)), $0.preview] }
            ).text(empty: "no entries")
        }
    }
}
