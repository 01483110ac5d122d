import DecthingsAPI
public import Logging
public import ModelRuntime
public import Strata

/// Answers the calls of Decthings clients out of a store, whatever they came over.
///
/// One service may answer any number of calls at once; all state is the store's and the executor's.
public final class APIService: Sendable {
    /// Under which names a success is sent.
    public enum FinishedEvaluationForm: String, Sendable, CaseIterable {
        /// Both names to clients that send a `User-Agent`, `success` alone to others.
        case byClient
        case successOnly
        case both
    }

    /// What the service says of itself and how it behaves; every value has a default that fits.
    public struct Options: Sendable {
        /// How `getFinishedEvaluationResult` names a success, on which clients disagree (spec: model-api.md section 7.4).
        public var finishedEvaluationForm = FinishedEvaluationForm.byClient
        /// The user that clients see as the owner of everything.
        public var ownerID = "local"
        public var ownerName = "local"
        public var datasets = DatasetLimits()
        public var logger = Logger(label: "strata.server")

        public init() {}
    }

    let store: StateStore
    let executor: ProcessExecutor
    let options: Options
    /// Answers of `getModels` that hold as long as nothing changes.
    let keptAnswers = KeptAnswers()
    /// The models whose first state is being made.
    let modelsInCreation = ModelsInCreation()
    let usedLaunchers = UsedLaunchers()
    let launcherMemory = LauncherMemory()
    private let substitute: (@Sendable (Call, any AnswerSink) async throws -> Void)?

    /// - Parameters:
    ///   - store: open for reading and writing; the caller closes it after the last call.
    ///   - executor: runs the models' code, and holds the persistent launchers.
    public init(store: StateStore, executor: ProcessExecutor, options: Options = Options()) {
        self.store = store
        self.executor = executor
        self.options = options
        substitute = nil
    }

    /// The same with other methods, for tests of what carries calls.
    init(like other: APIService, performing: @escaping @Sendable (Call, any AnswerSink) async throws -> Void) {
        store = other.store
        executor = other.executor
        options = other.options
        substitute = performing
    }

    /// Answers one call. Whatever goes wrong becomes an answer that the method may give, except that a client which is gone
    /// gets none.
    ///
    /// - Returns: the code that was answered, nil for success and where nobody was left to answer.
    func answer(_ call: Call, to sink: any AnswerSink) async -> APIErrorCode? {
        let error: APIError
        do {
            // What the call makes counts for the key that was shown.
            try await StateStore.making(for: call.caller.keyID.flatMap(APIKeyID.init(rawValue:))) { try await perform(call, sink) }
            return nil
        } catch is CallAborted {
            return nil
        } catch let refusal as APIError {
            error = refusal
        } catch let refusal as StrataError {
            error = APIError(refusal)
            if error.code == .unknown { log(refusal, call) }
        } catch let broken as WireError {
            error = APIError(broken)
        } catch {
            log(error, call)
            return await refuse(call, APIError(.unknown), sink)
        }
        return await refuse(call, error, sink)
    }

    private func refuse(_ call: Call, _ error: APIError, _ sink: any AnswerSink) async -> APIErrorCode? {
        let answered = call.method.answerable(error)
        if answered.code != error.code {
            options.logger.warning("\(call.method.rawValue) cannot answer \(error); answered unknown", metadata: ["request": "\(call.requestID)"])
        }
        try? await sink.begin(.error(answered), blobSizesBytes: [])
        return answered.code
    }

    private func log(_ error: any Error, _ call: Call) {
        options.logger.error("\(call.method.rawValue) failed: \(error)", metadata: ["request": "\(call.requestID)"])
    }

    private func perform(_ call: Call, _ sink: any AnswerSink) async throws {
        if let substitute { return try await substitute(call, sink) }
        switch call.method.api {
        case "Model": try await performModel(call, sink)
        case "Dataset": try await performDataset(call, sink)
        case "FS": try await performFiles(call, sink)
        case "PersistentLauncher": try await performLauncher(call, sink)
        default: try await performOther(call, sink)
        }
    }
}
