import Catalog

/// The state that an operation makes: what its code provides goes straight into a commit.
struct ProvidedState: Sendable {
    let store: StateStore
    let model: ModelRow
    /// The operation's horizon, which it holds.
    let horizon: Int64
    let name: String
    let options: StateOptions
    /// The phase in which the code provides it.
    let phase: ExecutionPhase
    let limitSeconds: Int
    /// Called the moment before the commit; false when the operation was cancelled by then.
    let beginCommit: @Sendable () -> Bool

    /// Commits what `provide` gives to the receiver. When this throws, nothing of the state remains.
    ///
    /// - Throws: what breaks the rules of states as an exception of the code; the rest as it comes.
    func commit(_ provide: @escaping @Sendable (any StateReceiver) async throws -> Void) async throws -> StateID {
        do {
            let state = try await store.commitState(of: model, named: name, options: options, horizon: horizon) { writer in
                let receiver = WriterReceiver(writer)
                try await withTimeLimit(seconds: limitSeconds, at: phase) { try await provide(receiver) }
                try receiver.finish()
                guard beginCommit() else { throw ExecutionFailure.cancelled }
            }
            return state.id
        } catch let error as ProvidedStateError {
            throw ExecutionFailure.exception(at: phase, details: error.message)
        }
    }
}
