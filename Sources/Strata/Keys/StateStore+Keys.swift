import Catalog
import ContentStore

extension StateStore {
    /// Makes a key. What it answers as `secret` is the key that callers show; it is kept nowhere and cannot be told again.
    ///
    /// - Parameters:
    ///   - access: the right to everything that `rights` does not name; nil is none.
    ///   - rights: by id of a model or dataset; at most 1,000. Ids need not exist.
    /// - Throws: `invalid_parameter`, `read_only`.
    public func createAPIKey(
        named name: String, access: AccessRight?, rights: [String: AccessRight] = [:], limits: APIKeyLimits = APIKeyLimits()
    ) async throws(StrataError) -> (key: APIKey, secret: String) {
        try await translating {
            try Names.check(name, "name")
            try Self.check(rights)
            try Self.check(limits)
            _ = try writing()
            let random = (0..<4).map { _ in UInt64.random(in: .min ... .max) }
            let secret = "strata-" + random.map { Self.hexadecimal($0) }.joined()
            let row = APIKeyRow(
                publicID: APIKeyID.random().rawValue, name: name, access: access?.rawValue, rightsJSON: JSON.encode(rights),
                limitsJSON: JSON.encode(limits), createdAt: Clock.milliseconds())
            try await catalog.insertAPIKey(row, digest: Digest(of: Array(secret.utf8)).bytes)
            return (try APIKey(row), secret)
        }
    }

    /// All keys in the order in which they were made, revoked ones included.
    /// - Parameter limit: 1 to 1000.
    public func apiKeys(offset: Int = 0, limit: Int = 100) async throws(StrataError) -> Page<APIKey> {
        try await translating {
            try checkOpen()
            try Page<APIKey>.check(offset: offset, limit: limit)
            let page = try await catalog.apiKeys(offset: offset, limit: limit)
            return Page(items: try page.rows.map { try APIKey($0) }, total: page.total, offset: offset, limit: limit)
        }
    }

    /// Whether there is a key that is not revoked.
    public func hasUsableAPIKey() async throws(StrataError) -> Bool {
        try await translating {
            try checkOpen()
            return try await catalog.hasUsableAPIKey()
        }
    }

    /// Takes a key's rights for ever; what it made stays. In this process at once, in others within a second.
    ///
    /// Revoking a revoked key changes nothing.
    /// - Throws: `key_not_found`, `read_only`.
    public func revokeAPIKey(_ id: APIKeyID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            guard try await catalog.revokeAPIKey(id: id.rawValue, at: Clock.milliseconds()) else {
                throw StrataError(.keyNotFound, "there is no key `\(id)`; `strata key list` shows all", context: ["keyId": id.rawValue])
            }
            keyCache.removeAll()
        }
    }

    /// The key that a caller shows, nil for one that does not exist or is revoked.
    ///
    /// - Parameter secret: as `createAPIKey` answered it.
    /// - Complexity: one hash; a look into the catalog's index at most once a second and key.
    public func authenticate(_ secret: String) async throws(StrataError) -> APIKey? {
        try await translating {
            try checkOpen()
            guard secret.utf8.count <= 256 else { return nil }
            let digest = Digest(of: Array(secret.utf8))
            if let known = keyCache.key(digest) { return known }
            guard let row = try await catalog.apiKey(digest: digest.bytes), row.revokedAt == nil else { return nil }
            let key = try APIKey(row)
            keyCache.insert(key, digest)
            return key
        }
    }

    /// Counts what `body` makes in a store for a key and its limits: models, states, snapshots, datasets. Also what tasks make that
    /// `body` begins, such as a training's state.
    ///
    /// - Parameter key: nil: for nobody.
    public static func making<Result, Failure: Error>(
        for key: APIKeyID?, isolation: isolated (any Actor)? = #isolation, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let outcome: Swift.Result<Result, Failure> = await Maker.$keyID.withValue(key?.rawValue) {
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// The key that made a model, revoked or not: the bytes of the model's files count for it. Nil when nobody showed one.
    public func maker(of model: ModelID) async throws(StrataError) -> APIKey? {
        try await translating {
            try checkOpen()
            return try await catalog.maker(ofModel: model.rawValue).map { try APIKey($0) }
        }
    }

    /// The key that made a dataset, revoked or not: the bytes of its entries count for it. Nil when nobody showed one.
    public func maker(of dataset: DatasetID) async throws(StrataError) -> APIKey? {
        try await translating {
            try checkOpen()
            return try await catalog.maker(ofDataset: dataset.rawValue).map { try APIKey($0) }
        }
    }

    /// What a key made and is still there; without a key, all that is there.
    ///
    /// - Complexity: a row for each state, snapshot, dataset and file that counts.
    public func holdings(of key: APIKeyID? = nil) async throws(StrataError) -> Holdings {
        try await translating {
            try checkOpen()
            let row = try await catalog.holdings(ofKey: key?.rawValue)
            return Holdings(
                models: row.models, states: row.states, stateBytes: row.stateBytes, datasetBytes: row.datasetBytes,
                fileBytes: row.fileBytes)
        }
    }

    private static func check(_ rights: [String: AccessRight]) throws(StrataError) {
        guard rights.count <= 1000 else {
            throw .invalidParameter("rights", "\(rights.count) rights are given; at most 1,000 are allowed, so use a default right")
        }
        for id in rights.keys where ModelID(rawValue: id) == nil {
            throw .invalidParameter("rights", "`\(id.prefix(60))` is no id of a model or dataset")
        }
    }

    private static func check(_ limits: APIKeyLimits) throws(StrataError) {
        let counts = [("bytesMax", limits.bytesMax), ("statesMax", limits.statesMax.map(Int64.init)), ("modelsMax", limits.modelsMax.map(Int64.init))]
        for (name, value) in counts {
            if let value, value < 0 { throw .invalidParameter(name, "the \(name) is \(value); the least is 0") }
        }
        for (name, value) in [("requestsPerSecond", limits.requestsPerSecond), ("requestBurst", limits.requestBurst)] {
            if let value, !(value > 0 && value.isFinite) { throw .invalidParameter(name, "the \(name) is \(value); it must be above 0") }
        }
        guard limits.requestBurst == nil || limits.requestsPerSecond != nil else {
            throw .invalidParameter("requestBurst", "a requestBurst needs requestsPerSecond; give both")
        }
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension APIKey {
    init(_ row: APIKeyRow) throws(StrataError) {
        // A right that cannot be read must not become another one.
        guard let id = APIKeyID(rawValue: row.publicID), let rights: [String: AccessRight] = JSON.decode(row.rightsJSON),
            let limits: APIKeyLimits = JSON.decode(row.limitsJSON), row.access == nil || AccessRight(rawValue: row.access!) != nil
        else {
            throw StrataError(
                .corrupted, "the row of a key in the catalog cannot be read; revoke it and make another", context: ["keyId": row.publicID])
        }
        self.init(
            id: id, name: row.name, access: row.access.flatMap(AccessRight.init), rights: rights, limits: limits,
            createdAtMilliseconds: row.createdAt, revokedAtMilliseconds: row.revokedAt)
    }
}
