import Strata

struct TagView: Encodable {
    let tag: String
    let value: String

    init(_ tag: Tag) {
        self.tag = tag.tag
        value = tag.value
    }

    static let fields: [JSONField] = [.init("tag", "the tag's name"), .init("value", "its value")]
}

struct KeyView: Encodable {
    let key: String
    let sizeBytes: Int64

    init(_ key: StateKey) {
        self.key = key.key
        sizeBytes = key.sizeBytes
    }

    static let fields: [JSONField] = [.init("key", "the key"), .init("sizeBytes", "bytes of the value under it")]

    static func table(_ keys: [StateKey]) -> String {
        Table([.text("KEY"), .number("SIZE"), .number("BYTES")], rows: keys.map { [$0.key, Text.size($0.sizeBytes), Text.count($0.sizeBytes)] })
            .text(empty: "no keys")
    }
}

struct MountView: Encodable {
    let modelId: String
    let snapshotId: String?

    init(_ mount: MountRecord) {
        modelId = mount.modelID.rawValue
        snapshotId = mount.snapshotID?.rawValue
    }

    static let fields: [JSONField] = [
        .init("modelId", "a model that was mounted when the state was made"),
        .init("snapshotId", "the snapshot that was mounted, if one was"),
    ]

    static func text(_ mounts: [MountRecord]) -> String {
        mounts.map { $0.modelID.rawValue + ($0.snapshotID.map { ":\($0)" } ?? "") }.joined(separator: ", ")
    }
}

/// What a deleting command has deleted, or would delete.
struct DeletionView: JSONDocument {
    struct Deleted: Encodable {
        /// `model`, `state`, `snapshot`, `dataset`, `file`, `directory`, `symlink`.
        let kind: String
        let id: String?
        let name: String
        /// Bytes as users see them; what is freed on disk shows after a collection.
        let sizeBytes: Int64?
        var stateCount: Int?
        var snapshotCount: Int?
        var fileCount: Int?

        var text: String {
            var parts = ["\(kind) `\(Text.printable(name))`"]
            if let id { parts.append("(\(id))") }
            var contents: [String] = []
            if let stateCount { contents.append(Text.count(stateCount, "state")) }
            if let snapshotCount { contents.append(Text.count(snapshotCount, "snapshot")) }
            if let fileCount { contents.append(Text.count(fileCount, "file")) }
            if let sizeBytes { contents.append(Text.size(sizeBytes)) }
            return parts.joined(separator: " ") + (contents.isEmpty ? "" : ": " + contents.joined(separator: ", "))
        }
    }

    let dryRun: Bool
    let deleted: [Deleted]

    init(_ deleted: [Deleted], dryRun: Bool = false) {
        self.deleted = deleted
        self.dryRun = dryRun
    }

    var text: String {
        deleted.map { "\(dryRun ? "would delete" : "deleted") \($0.text)" }.joined(separator: "\n")
    }

    static let fields: [JSONField] = [
        .init("dryRun", "true when nothing was deleted"),
        .init("deleted[].kind", "model, state, snapshot, dataset, file, directory or symlink"),
        .init("deleted[].id", "its id; files have none"),
        .init("deleted[].name", "its name or path"),
        .init("deleted[].sizeBytes", "bytes of its values before deduplication and compression"),
        .init("deleted[].stateCount", "with a model: its states"),
        .init("deleted[].snapshotCount", "with a model: its snapshots"),
        .init("deleted[].fileCount", "with a model: its files"),
    ]
}
