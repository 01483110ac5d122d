/// Text in aligned columns.
struct Table {
    struct Column {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    private let columns: [Column]
    private let rows: [[String]]

    init(_ columns: [Column], rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map { Text.printable($0) } }
    }

    /// The title line and one line a row; `empty` when there are none.
    func text(empty: String) -> String {
        guard !rows.isEmpty else { return empty }
        return Self.aligned([columns.map(\.title)] + rows, isNumber: columns.map(\.isNumber))
    }

    /// Names before their values, without titles.
    static func pairs(_ pairs: [(String, String)]) -> String {
        let shown = pairs.filter { !$0.1.isEmpty }
        return aligned(shown.map { [$0.0, Text.printable($0.1)] }, isNumber: [false, false])
    }

    private static func aligned(_ lines: [[String]], isNumber: [Bool]) -> String {
        let widths = isNumber.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            var out = ""
            for (column, cell) in line.enumerated() {
                if column > 0 { out += "  " }
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                out += isNumber[column] ? padding + cell : cell + padding
            }
            while out.last == " " { out.removeLast() }
            return out
        }.joined(separator: "\n")
    }
}
