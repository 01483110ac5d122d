import Foundation

/// The figures of one size.
struct ScaleColumn: Codable {
    struct Time: Codable {
        let name: String
        /// The median.
        let milliseconds: Double
    }

    let states: Int
    let chunks: Int
    var times: [Time]
    /// The process's peak before anything that reads the whole store.
    let everydayPeakBytes: Int64
    let peakBytes: Int64
    /// The catalog as filling left it.
    let catalogBytes: Int64
    /// What the packs of a store with these chunks would take.
    let packBytes: Int64
    /// The chunks before encoding.
    let rawBytes: Int64

    var catalogBytesPerChunk: Double { Double(catalogBytes) / Double(chunks) }
    var catalogPercentOfKept: Double { 100 * Double(catalogBytes) / Double(packBytes) }
    var catalogPercentOfRaw: Double { 100 * Double(catalogBytes) / Double(rawBytes) }
}

/// Sizes side by side, with the growth from the first to the last.
struct ScaleReport {
    let columns: [ScaleColumn]

    private struct Line: Encodable {
        let name: String
        let values: [Double]
        let growth: Double

        init(_ name: String, _ values: [Double]) {
            self.name = name
            self.values = values
            growth = values[values.count - 1] / values[0]
        }
    }

    private var lines: [Line] {
        var lines = columns[0].times.indices.map { row in
            Line(columns[0].times[row].name + ", ms", columns.map { $0.times[row].milliseconds.rounded(toPlaces: 3) })
        }
        func add(_ name: String, _ value: (ScaleColumn) -> Double) {
            lines.append(Line(name, columns.map { value($0).rounded(toPlaces: 4) }))
        }
        add("peak memory, everyday work, MiB") { Double($0.everydayPeakBytes) / 1_048_576 }
        add("peak memory, with statistics, MiB") { Double($0.peakBytes) / 1_048_576 }
        add("catalog, MB") { Double($0.catalogBytes) / 1e6 }
        add("catalog bytes a chunk") { $0.catalogBytesPerChunk }
        add("catalog, % of bytes kept in packs") { $0.catalogPercentOfKept }
        add("catalog, % of raw bytes") { $0.catalogPercentOfRaw }
        return lines
    }

    func print(asJSON: Bool) throws {
        if asJSON {
            struct Document: Encodable {
                let states: [Int]
                let chunks: [Int]
                let figures: [Line]
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let document = Document(states: columns.map(\.states), chunks: columns.map(\.chunks), figures: lines)
            Swift.print(String(decoding: try encoder.encode(document), as: UTF8.self))
            return
        }
        func cell(_ text: String) -> String { String(repeating: " ", count: max(1, 14 - text.count)) + text }
        func head(_ name: String) -> String { name.padding(toLength: 44, withPad: " ", startingAt: 0) }
        Swift.print(head("states") + columns.map { cell("\($0.states)") }.joined() + cell("growth"))
        Swift.print(head("chunks") + columns.map { cell("\($0.chunks)") }.joined())
        for line in lines {
            let values = line.values.map { cell("\($0.rounded(toPlaces: 3))") }.joined()
            Swift.print(head(line.name) + values + cell("\(line.growth.rounded(toPlaces: 2))"))
        }
    }
}
