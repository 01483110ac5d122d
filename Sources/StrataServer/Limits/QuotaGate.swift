import DecthingsAPI
import Strata
import Synchronization

/// Refuses calls that would go beyond what may be kept, before anything is written.
///
/// What admitted calls will make is held for them until they end, so that calls side by side cannot pass a bound together.
/// The bytes of states that code makes are known only when they are there: such calls are refused once a bound is reached.
/// Bytes in a dataset or in a model's files count for the key that made the dataset or model, whoever brings them.
final class QuotaGate: Sendable {
    /// What a call will make at most, as far as it is known before.
    struct Reservation: Sendable, Hashable {
        var growth = Growth()
        var keyID: String?
        /// Whether anything of it counts.
        var isHeld = false
    }

    private struct Held {
        var models = 0
        var states = 0
        var bytes = 0

        mutating func add(_ growth: Growth, times sign: Int) {
            models += sign * growth.models
            states += sign * growth.states
            bytes += sign * growth.bytes
        }
    }

    private let store: StateStore
    private let storeQuota: StorageQuota
    private let held = Mutex<[String?: Held]>([:])

    init(store: StateStore, storeQuota: StorageQuota) {
        self.store = store
        self.storeQuota = storeQuota
    }

    /// Holds what a call will make until it ends.
    ///
    /// - Throws: `quota_exceeded`; of methods of the FS API what file systems say instead.
    func reserve(
        _ method: APIMethod, _ params: JSONValue, blobSizesBytes: [Int], for caller: Caller
    ) async throws(APIError) -> QuotaHold {
        guard let growth = Growth(of: method, params, blobSizesBytes) else { return QuotaHold(Reservation(), of: self) }
        let reservation: Reservation?
        do throws(StrataError) {
            reservation = try await reserve(growth, for: caller)
        } catch {
            throw APIError(error)
        }
        guard let reservation else {
            let words: [APIErrorCode] = [.quotaExceeded, .noSpace, .fileTooLarge]
            throw APIError(words.first { method.errorCodes.contains($0) } ?? .quotaExceeded)
        }
        return QuotaHold(reservation, of: self)
    }

    /// - Returns: nil for what passes a bound.
    private func reserve(_ announced: Growth, for caller: Caller) async throws(StrataError) -> Reservation? {
        let payer = try await announced.payer(caller, store)
        let quotas: [(key: String?, quota: StorageQuota)] = [(nil, storeQuota)] + (payer.keyID.map { [($0, payer.quota)] } ?? [])
        let bounded = quotas.filter { $0.quota != StorageQuota() }
        guard !bounded.isEmpty, let growth = await announced.settled(caller, store) else { return Reservation() }
        let wanted = Reservation(growth: growth, keyID: payer.keyID, isHeld: true)
        // Held before it is counted: two calls may both be refused at the brink, never both let in.
        hold(wanted, 1)
        do throws(StrataError) {
            for (key, quota) in bounded where try await !fits(key, quota, growth) {
                release(wanted)
                return nil
            }
        } catch {
            release(wanted)
            throw error
        }
        return wanted
    }

    fileprivate func release(_ reservation: Reservation) {
        if reservation.isHeld { hold(reservation, -1) }
    }

    private func hold(_ reservation: Reservation, _ sign: Int) {
        held.withLock { held in
            held[nil, default: Held()].add(reservation.growth, times: sign)
            if let key = reservation.keyID { held[key, default: Held()].add(reservation.growth, times: sign) }
        }
    }

    private func fits(_ key: String?, _ quota: StorageQuota, _ wanted: Growth) async throws(StrataError) -> Bool {
        let there = try await store.holdings(of: key.flatMap(APIKeyID.init(rawValue:)))
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
}

/// What is held for one call.
final class QuotaHold: Sendable {
    private let reservation: QuotaGate.Reservation
    private let gate: QuotaGate
    private let goesOn = Mutex<(@Sendable () async -> Void)?>(nil)

    fileprivate init(_ reservation: QuotaGate.Reservation, of gate: QuotaGate) {
        self.reservation = reservation
        self.gate = gate
    }

    /// What the call began goes on when it is answered; `end` returns when that has made what it makes.
    func keep(until end: @escaping @Sendable () async -> Void) {
        if reservation.isHeld { goesOn.withLock { $0 = end } }
    }

    /// The call was answered: what was held for it counts no longer, or as what it made.
    func callHasEnded() {
        guard let end = goesOn.withLock({ $0 }) else { return gate.release(reservation) }
        Task {
            await end()
            gate.release(reservation)
        }
    }
}
