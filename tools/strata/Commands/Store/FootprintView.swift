import Strata

/// What a model takes on disk, in all and by state.
struct FootprintsView: JSONDocument {
    struct Kept: Encodable {
        let id: String
        let name: String
        let logicalBytes: Int64
        let aloneBytes: Int64
        let sharedBytes: Int64
        let keptBytes: Int64
        let ratio: Double?
        let codecs: [StatisticsView.Codec]

        init(id: String, name: String, _ footprint: Footprint) {
            self.id = id
            self.name = name
            logicalBytes = footprint.logicalBytes
            aloneBytes = footprint.aloneBytes
            sharedBytes = footprint.sharedBytes
            keptBytes = footprint.keptBytes
            ratio = footprint.ratio
            codecs = footprint.codecs.map {
                .init(name: $0.name, chunkCount: $0.chunkCount, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
            }
        }

        static let fields: [JSONField] = [
            .init("id", "the model's or state's id"), .init("name", "its name"),
            .init("logicalBytes", "bytes of its values"),
            .init("aloneBytes", "stored bytes that nothing else uses: what deleting it would free"),
            .init("sharedBytes", "stored bytes that others use too"), .init("keptBytes", "both together"),
            .init("ratio", "bytes kept for each byte of its values"), .init("codecs[].name", "raw, lz4, planes or difference"),
            .init("codecs[].chunkCount", "its distinct chunks encoded so"), .init("codecs[].rawBytes", "their bytes before encoding"),
            .init("codecs[].storedBytes", "and after"),
        ]
    }

    let model: Kept
    let states: [Kept]

    static let fields: [JSONField] = Kept.fields.below("model") + Kept.fields.below("states[]")

    var text: String {
        let columns: [Table.Column] = [
            .text("NAME"), .number("LOGICAL"), .number("ALONE"), .number("SHARED"), .number("KEPT"), .text("CHUNKS"),
        ]
        let rows = (states + [model]).map { kept in
            [
                kept.id == model.id ? "all of \(kept.name)" : kept.name, Text.size(kept.logicalBytes), Text.size(kept.aloneBytes),
                Text.size(kept.sharedBytes), kept.ratio.map { "\(Int(($0 * 100).rounded())) %" } ?? "",
                kept.codecs.map { "\(Text.count($0.chunkCount)) \($0.name)" }.joined(separator: ", "),
            ]
        }
        return Table(columns, rows: rows).text(empty: "")
    }
}
