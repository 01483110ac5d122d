import DecthingsAPI
import Strata

/// What a key may do with a model or dataset; each right holds those before it.
enum Right: Int, Sendable, Comparable {
    /// Sees it, reads states and files, evaluates.
    case read
    /// Changes it.
    case readwrite
    /// Deletes it; makes new ones.
    case admin

    static func < (left: Right, right: Right) -> Bool { left.rawValue < right.rawValue }
}

/// Who calls, and what that one may do.
struct Caller: Sendable {
    /// The right that holds wherever `rightsByID` says nothing; nil is none.
    var right: Right?
    /// Rights to single models or datasets, by id.
    var rightsByID: [String: Right] = [:]
    /// What it may have made at most, and is still there.
    var quota = StorageQuota()
    /// How many requests it may make; nil is no bound of its own.
    var requestRate: RequestRate?
    /// The key that was shown; nil when the server asks for none.
    var keyID: String?

    /// May do everything: the caller of a server that asks for no keys.
    static let everybody = Caller(right: .admin)

    /// The caller's right to a model or dataset; everybody may read what is public.
    func right(to id: String, isPublic: Bool) -> Right? {
        let granted = rightsByID[id] ?? right
        return granted ?? (isPublic ? .read : nil)
    }

    /// The right that creating models, datasets and launchers takes.
    ///
    /// - Throws: `access_denied`.
    func requireRightToCreate() throws(APIError) {
        guard let right, right >= .readwrite else { throw APIError(.accessDenied) }
    }
}

extension Caller {
    /// Who shows this key.
    init(_ key: APIKey) {
        right = key.access.map(Right.init)
        rightsByID = key.rights.mapValues(Right.init)
        keyID = key.id.rawValue
        quota = StorageQuota(
            bytesMax: key.limits.bytesMax.map { Int(clamping: $0) }, statesMax: key.limits.statesMax, modelsMax: key.limits.modelsMax)
        requestRate = key.limits.requestsPerSecond.map { RequestRate(perSecond: $0, burst: key.limits.requestBurst) }
    }
}

extension Right {
    init(_ right: AccessRight) {
        self =
            switch right {
            case .read: .read
            case .readwrite: .readwrite
            case .admin: .admin
            }
    }
}
