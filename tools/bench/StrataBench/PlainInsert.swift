import Foundation
import GRDB

/// The yardstick of a durable commit: one prepared insert into a table, in WAL mode with `synchronous = FULL`.
struct PlainInsert {
    private let queue: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
        }
    }

    func insert(_ bytes: [UInt8]) throws {
        try queue.write { db in
            try db.cachedStatement(sql: "INSERT INTO rows (bytes) VALUES (?)").execute(arguments: [Data(bytes)])
        }
    }
}
