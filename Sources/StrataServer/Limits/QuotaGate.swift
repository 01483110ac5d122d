import DecthingsAPI
import Strata
import Synchronization

/// Refuses calls that would go beyond what may be kept, before anything is written.
///
/// What admitted calls will make is held for them until they end, so that calls side by side cannot pass a bound together.
/// The bytes of states that code makes are known only when they are there: such calls are refused once a bound is reached.
final class QuotaGate: Sendable {
    /// What a call will make at most, as far as it is known before.
    struct Reservation: Sendable, Hashable {
        var models = 0
        var states = 0
        var bytes = 0
        var keyID: String?
        /// Whether anything of it counts.
        var isHeld = false
    }

    private struct Held {
        var models = 0
        var states = 0
        var bytes = 0

        mutating func add(_ reservation: Reservation, times sign: Int) {
            models += sign * reservation.models
            states += sign * reservation.states
            bytes += sign * reservation.bytes
        }
    }

    private let store: StateStore
    private let storeQuota: StorageQuota
    private let held = Mutex<[String?: Held]>([:])

    init(store: StateStore, storeQuota: StorageQuota) {
        self.store = store
        self.storeQuota = storeQuota
    }

    /// - Throws: `quota_exceeded`.
    func reserve(
        _ method: APIMethod, _ params: JSONValue, blobSizesBytes: [Int], for caller: Caller
    ) async throws(APIError) -> Reservation {
        guard var wanted = Self.wanted(by: method, params, blobSizesBytes) else { return Reservation() }
        let quotas: [(key: String?, quota: StorageQuota)] = [(nil, storeQuota)] + (caller.keyID.map { [($0, caller.quota)] } ?? [])
        let bounded = quotas.filter { $0.quota != StorageQuota() }
        guard !bounded.isEmpty else { return wanted }
        wanted.keyID = caller.keyID
        // Held before it is counted: two calls may both be refused at the brink, never both let in.
        hold(wanted, 1)
        wanted.isHeld = true
        for (key, quota) in bounded where try await !fits(key, quota, wanted) {
            release(wanted)
            throw APIError(.quotaExceeded)
        }
        return wanted
    }

    func release(_ reservation: Reservation) {
        if reservation.isHeld { hold(reservation, -1) }
    }

    private func hold(_ reservation: Reservation, _ sign: Int) {
        held.withLock { held in
            held[nil, default: Held()].add(reservation, times: sign)
            if let key = reservation.keyID { held[key, default: Held()].add(reservation, times: sign) }
        }
    }

    private func fits(_ key: String?, _ quota: StorageQuota, _ wanted: Reservation) async throws(APIError) -> Bool {
        let there: Holdings
        do throws(StrataError) {
            there = try await store.holdings(of: key.flatMap(APIKeyID.init(rawValue:)))
        } catch {
            release(wanted)
            throw APIError(error)
        }
        let held = held.withLock { $0[key] ?? Held() }
        func fits(_ there: Int, _ held: Int, _ own: Int, _ most: Int?) -> Bool {
            guard let most else { return true }
            return own == 0 || there + held <= most
        }
        // Code may make bytes: then one more must fit at least.
        let bytes = wanted.bytes == 0 && wanted.states > 0 ? 1 : 0
        return fits(there.models, held.models, wanted.models, quota.modelsMax)
            && fits(there.states, held.states, wanted.states, quota.statesMax)
            && fits(Int(clamping: there.sizeBytes), held.bytes + bytes, wanted.bytes + bytes, quota.bytesMax)
    }

    /// What a method will make; nil for one that makes nothing that counts.
    private static func wanted(by method: APIMethod, _ params: JSONValue, _ blobSizesBytes: [Int]) -> Reservation? {
        let bytes = blobSizesBytes.reduce(0, +)
        switch method {
        case .createModel: return Reservation(models: 1, states: 1, bytes: bytes)
        case .uploadState: return Reservation(states: 1, bytes: bytes)
        case .createState, .train: return Reservation(states: 1)
        case .snapshotModel: return Reservation(bytes: 1)
        case .addEntries, .addEntriesToNeedsReview: return Reservation(bytes: bytes)
        default: return nil
        }
    }
}
