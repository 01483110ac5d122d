/// One thing that the store, or SQLite for it, did with a file or a folder.
public struct DiskOperation: Sendable {
    public enum Action: Sendable, Equatable {
        /// `creates`: the file did not exist before.
        case open(creates: Bool)
        case read(offset: Int64, length: Int)
        case write(offset: Int64, bytes: [UInt8])
        case truncate(sizeBytes: Int64)
        /// `withFolder`: the entries of the file's folder become durable too, as SQLite does with a new log.
        case sync(withFolder: Bool)
        case link(to: String)
        case rename(to: String)
        /// `syncsFolder`: SQLite makes the removal durable at once.
        case remove(syncsFolder: Bool)
        case createDirectory
        case removeDirectory
        case list
        case status
        case syncDirectory
        case lock

        /// Whether a crash can leave something of it.
        var changesDisk: Bool {
            switch self {
            case .open(let creates): creates
            case .read, .list, .status, .lock: false
            default: true
            }
        }

        var isSync: Bool {
            switch self {
            case .sync, .syncDirectory: true
            default: false
            }
        }
    }

    public let path: String
    public let action: Action
    /// SQLite did it.
    public let isDatabase: Bool
    /// A fault was injected. A write that failed is logged with the half that reached the file.
    public let hasFailed: Bool
}

extension DiskOperation: CustomStringConvertible {
    public var description: String {
        let what =
            switch action {
            case .write(let offset, let bytes): "write \(bytes.count) bytes at \(offset)"
            default: "\(action)"
            }
        return "\(what) `\(path)`\(isDatabase ? " by SQLite" : "")\(hasFailed ? ", failed" : "")"
    }
}
