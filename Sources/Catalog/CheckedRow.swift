import Foundation
import GRDB

/// A row whose fields are read without trust: SQLite lets a damaged or hostile catalog hold any kind of value in any column,
/// and GRDB's own subscripts end the process at one that does not fit.
struct CheckedRow {
    fileprivate let row: Row

    init(_ row: Row) { self.row = row }

    /// - Throws: `RowDecodingError`, which `Catalog.mapped` turns into `corrupted`.
    subscript<Value: CheckedField>(index: Int) -> Value {
        get throws { try Value.checked(self, index) }
    }

    /// A row that stays as it is when its cursor goes on.
    func copy() -> CheckedRow { CheckedRow(row.copy()) }

    /// A size or count. Sums of them may still pass 64 bits: they are taken with `&+`, since only a hostile catalog makes them.
    /// - Throws: `corrupted` for a number that is none.
    func amount<Value: FixedWidthInteger & CheckedField>(_ index: Int) throws -> Value {
        let value: Value = try self[index]
        guard value >= 0, value <= Value.max >> 2 else {
            throw CatalogError(.corrupted, "a row of the catalog has a size or count of \(value); run `strata repair`")
        }
        return value
    }
}

/// What a field of a row may be read as. An optional is nil for null; for the others null is an error.
protocol CheckedField {
    static func checked(_ row: CheckedRow, _ index: Int) throws -> Self
}

extension CheckedField where Self: DatabaseValueConvertible & StatementColumnConvertible {
    static func checked(_ row: CheckedRow, _ index: Int) throws -> Self { try row.row.decode(atIndex: index) }
}

extension Int64: CheckedField {}
extension Int: CheckedField {}
extension Bool: CheckedField {}
extension String: CheckedField {}
extension Data: CheckedField {}

extension Optional: CheckedField where Wrapped: DatabaseValueConvertible & StatementColumnConvertible {
    static func checked(_ row: CheckedRow, _ index: Int) throws -> Self { try row.row.decode(Wrapped?.self, atIndex: index) }
}

/// The rows of a statement, one at a time.
struct CheckedRows {
    let cursor: RowCursor

    func next() throws -> CheckedRow? { try cursor.next().map(CheckedRow.init) }
}
