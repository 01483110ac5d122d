import GRDB

/// Puts the WHERE clause of a list together from literal parts; every value is bound.
struct ListSQL {
    /// `models` or `datasets`.
    let table: String
    /// `model_tags` with `model_id`, or `dataset_tags` with `dataset_id`.
    let tagTable: String
    let tagColumn: String
    let query: ListQuery

    var filter: (sql: String, arguments: StatementArguments) {
        var parts: [String] = []
        var arguments = StatementArguments()
        func anyOf(_ column: String, _ values: [String]?) {
            guard let values else { return }
            parts.append("\(table).\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(values)
        }
        anyOf("owner", query.owners)
        anyOf("public_id", query.ids)
        anyOf("name", query.names)
        for tag in query.tags {
            parts.append(
                "EXISTS (SELECT 1 FROM \(tagTable) t WHERE t.\(tagColumn) = \(table).id AND t.tag = ? AND t.value = ?)")
            arguments += [tag.tag, tag.value]
        }
        if let text = query.searchName {
            parts.append("instr(lower(\(table).name), lower(?)) > 0")
            arguments += [text]
        }
        if let owner = query.visibleTo {
            parts.append("(\(table).owner = ? OR \(table).public_access = 1)")
            arguments += [owner]
        }
        if let ids = query.visibleIDs {
            let list = ids.map { _ in "?" }.joined(separator: ", ")
            parts.append("(\(table).public_access = 1 OR \(table).public_id IN (\(list)))")
            arguments += StatementArguments(ids)
        }
        return (parts.isEmpty ? "" : "WHERE " + parts.joined(separator: " AND "), arguments)
    }

    var order: String {
        let direction = query.isAscending ? "ASC" : "DESC"
        return "ORDER BY \(table).\(query.sort.rawValue) \(direction), \(table).id \(direction) LIMIT ? OFFSET ?"
    }
}
