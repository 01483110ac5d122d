import Foundation

/// An id that users see: a lower-case UUID (RFC 4122, version 4). Each kind of thing has a type of its own.
public protocol StoreIdentifier: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible,
    LosslessStringConvertible
where RawValue == String {
    init(unchecked rawValue: String)
}

extension StoreIdentifier {
    /// A new random id.
    public static func random() -> Self { Self(unchecked: UUID().uuidString.lowercased()) }

    /// Accepts exactly the form that `random()` makes: 36 characters, lower-case hexadecimal and hyphens.
    public init?(rawValue: String) {
        guard rawValue.utf8.count == 36, UUID(uuidString: rawValue) != nil, rawValue == rawValue.lowercased() else {
            return nil
        }
        self.init(unchecked: rawValue)
    }

    public init?(_ description: String) { self.init(rawValue: description) }

    public var description: String { rawValue }
}

public struct ModelID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

public struct StateID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

public struct SnapshotID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

public struct DatasetID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Of a creation, training or evaluation. A creation has the id of the state that it makes.
public struct OperationID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

public struct LauncherID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Of a key that callers show; it tells nothing of the key itself.
public struct APIKeyID: StoreIdentifier {
    public let rawValue: String
    public init(unchecked rawValue: String) { self.rawValue = rawValue }
}
