/// One numbered SQL file of this folder, embedded in the code.
public struct Migration: Sendable {
    /// The format version that the catalog has after it.
    public let version: Int
    public let sql: String

    private init(_ version: Int, _ bytes: [UInt8]) {
        self.version = version
        sql = String(decoding: bytes, as: UTF8.self)
    }

    /// In order, without gaps; a file is frozen once released.
    public static let all = [
        Migration(1, PackageResources._001_initial_sql),
        Migration(2, PackageResources._002_collection_sql),
        Migration(3, PackageResources._003_operations_sql),
        Migration(4, PackageResources._004_keys_sql),
        Migration(5, PackageResources._005_makers_sql),
        Migration(6, PackageResources._006_whole_bytes_sql),
    ]
}
