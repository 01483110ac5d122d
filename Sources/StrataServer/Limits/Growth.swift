import DecthingsAPI
import Strata

/// By how much a call lets a store grow at most, as far as that is known before it runs.
struct Growth: Sendable, Hashable {
    var models = 0
    var states = 0
    var bytes = 0
    /// More than any file or state may have: a client can name any size, and the sums of many must still be numbers.
    private static let bytesMax = 1 << 50

    /// What the bytes go into, where that may be somebody else's.
    var place: Place?
    /// The model or snapshot whose state a new model begins with.
    var source: Source?

    struct Source: Sendable, Hashable {
        let model: String
        let snapshot: String?
    }

    enum Place: Sendable, Hashable {
        case dataset(String)
        case files(String)
        /// The file gets this size, and may have been larger.
        case fileOfSize(Int, inode: UInt64, String)
    }

    /// Whose quota a call counts against.
    struct Payer: Sendable {
        var keyID: String?
        var quota: StorageQuota

        init(_ caller: Caller) { (keyID, quota) = (caller.keyID, caller.quota) }
    }

    init(models: Int = 0, states: Int = 0, bytes: Int = 0, place: Place? = nil) {
        self.models = models
        self.states = states
        self.bytes = min(bytes, Self.bytesMax)
        self.place = place
    }

    /// Nil for a method that makes nothing that counts.
    init?(of method: APIMethod, _ params: JSONValue, _ blobSizesBytes: [Int]) {
        let bytes = blobSizesBytes.reduce(0, +)
        let model = params["modelId"]?.stringValue ?? ""
        switch method {
        case .createModel:
            self.init(models: 1, states: 1, bytes: bytes)
            source = params["options"].flatMap { options in
                options["modelId"]?.stringValue.map { Source(model: $0, snapshot: options["snapshotId"]?.stringValue) }
            }
        case .uploadState: self.init(states: 1, bytes: bytes)
        case .createState, .train: self.init(states: 1)
        case .snapshotModel: self.init(bytes: 1)
        case .addEntries, .addEntriesToNeedsReview, .finalizeNeedsReviewEntries:
            self.init(bytes: bytes, place: .dataset(params["datasetId"]?.stringValue ?? ""))
        case .fsWrite, .fsMknod: self.init(bytes: bytes, place: .files(model))
        // How much it is shows only there: no more than the model's file system takes.
        case .fsCopy: self.init(bytes: 1, place: .files(model))
        case .fsSetattr:
            guard let params = try? params.decode(FSSetattrParams.self), let size = params.size else { return nil }
            self.init(place: .fileOfSize(Int(clamping: size), inode: params.inode, model))
        default: return nil
        }
    }

    /// The caller, or who made what the bytes go into, where the caller may change it.
    func payer(_ caller: Caller, _ store: StateStore) async throws(StrataError) -> Payer {
        var payer = Payer(caller)
        // Who may not change it is refused, and not told how full it is.
        guard caller.keyID != nil, let place, let right = caller.right(to: place.id, isPublic: false), right >= .readwrite,
            let maker = try await place.maker(in: store)
        else { return payer }
        (payer.keyID, payer.quota) = (maker.id.rawValue, Caller(maker).quota)
        return payer
    }

    /// With what the store must be asked for; nil when nothing grows. What cannot be found is left to the method to tell.
    func settled(_ caller: Caller, _ store: StateStore) async -> Growth? {
        if let source, let sizeBytes = try? await source.sizeBytes(caller, store) {
            return Growth(models: models, states: states, bytes: bytes + min(sizeBytes, Self.bytesMax))
        }
        guard case .fileOfSize(let size, let inode, let id) = place else { return self }
        guard let model = ModelID(rawValue: id),
            let present = try? await store.fileSystem(of: model).attributes(of: InodeNumber(inode)), Int(clamping: present.sizeBytes) < size
        else { return nil }
        return Growth(bytes: size - Int(clamping: present.sizeBytes), place: place)
    }
}

extension Growth.Source {
    /// Nil where the caller may not see it.
    fileprivate func sizeBytes(_ caller: Caller, _ store: StateStore) async throws(StrataError) -> Int? {
        guard let id = ModelID(rawValue: model) else { return nil }
        let source = try await store.model(id)
        guard caller.right(to: model, isPublic: source.isPublic) != nil else { return nil }
        if let snapshot {
            guard let snapshot = SnapshotID(rawValue: snapshot) else { return nil }
            return Int(clamping: try await store.snapshot(snapshot, of: id).sizeBytes)
        }
        return Int(clamping: try await store.state(source.activeStateID, of: id).sizeBytes)
    }
}

extension Growth.Place {
    fileprivate var id: String {
        switch self {
        case .dataset(let id), .files(let id), .fileOfSize(_, _, let id): id
        }
    }

    fileprivate func maker(in store: StateStore) async throws(StrataError) -> APIKey? {
        switch self {
        case .dataset(let id):
            guard let dataset = DatasetID(rawValue: id) else { return nil }
            return try await store.maker(of: dataset)
        case .files(let id), .fileOfSize(_, _, let id):
            guard let model = ModelID(rawValue: id) else { return nil }
            return try await store.maker(of: model)
        }
    }
}
