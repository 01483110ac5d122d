public import DecthingsAPI

/// An error that a server answers on purpose, so that clients can be tested: `Model.createState=quota_exceeded:0.1`.
public struct Injection: Sendable, Hashable {
    /// What is answered.
    public enum Outcome: Sendable, Hashable {
        case error(APIErrorCode)
        /// A result of `createState` or `evaluate` that tells of a run which failed: `failed.server_overloaded`.
        case failure(RunFailure.Code)

        /// Nil for what `method` does not answer: a client may be unable to read it.
        init?(parsing text: some StringProtocol, for method: APIMethod) {
            if text.hasPrefix("failed."), [.createState, .evaluate].contains(method) {
                guard let code = RunFailure.Code(rawValue: String(text.dropFirst("failed.".count))) else { return nil }
                guard code != .invalidOutput || method == .evaluate else { return nil }
                self = .failure(code)
            } else {
                guard let code = APIErrorCode(rawValue: String(text)), method.errorCodes.contains(code) else { return nil }
                self = .error(code)
            }
        }
    }

    public let method: APIMethod
    public let outcome: Outcome
    /// How often, from 0 to 1.
    public let probability: Double

    /// - Throws: `invalid_parameter` with what is wrong with `text`: an unknown method, a code that the method does not list
    ///   (a client may be unable to read it), a probability that is none.
    public init(parsing text: String) throws(APIError) {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard sides.count == 2 else { throw Self.wrong(text, "write <Api>.<method>=<code>[:<probability>]") }
        let names = sides[0].split(whereSeparator: { $0 == "." || $0 == "/" }).map(String.init)
        guard names.count == 2, let method = APIMethod(api: names[0], method: names[1]) else {
            throw Self.wrong(text, "`\(sides[0])` is no method of this server")
        }
        let parts = sides[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let outcome = Outcome(parsing: parts[0], for: method) else {
            throw Self.wrong(text, "`\(sides[0])` does not answer `\(parts[0])`; it answers \(Self.codes(of: method))")
        }
        let probability = parts.count == 2 ? Double(parts[1]) : 1
        guard let probability, (0...1).contains(probability) else { throw Self.wrong(text, "`\(parts[1])` is no number from 0 to 1") }
        self.method = method
        self.outcome = outcome
        self.probability = probability
    }

    private static func wrong(_ text: String, _ reason: String) -> APIError {
        .invalidParameter("inject", "the injection `\(text)` cannot be used: \(reason)")
    }

    private static func codes(of method: APIMethod) -> String {
        let failures = RunFailure.Code.allCases.map { "failed.\($0.rawValue)" }.filter { Outcome(parsing: $0, for: method) != nil }
        return (method.errorCodes.map(\.rawValue) + failures).sorted().joined(separator: ", ")
    }
}

extension APIError {
    /// An error as an injection answers it, with the fields that belong to its code.
    init(injected code: APIErrorCode) {
        switch code {
        case .invalidParameter: self = .invalidParameter("injected", "this error was asked for")
        case .datasetNotFound: self = .datasetNotFound("injected")
        case .datasetKeyNotFound: self = .datasetKeyNotFound("injected", key: "injected")
        case .incorrectVersionID: self = .incorrectVersionID(current: "injected")
        default: self = APIError(code)
        }
    }
}

extension RunFailure {
    /// A failure as an injection answers it, with the fields that belong to its code.
    init(injected code: Code, in stage: RunStage) {
        switch code {
        case .exception: self = .exception(at: stage, details: "injected")
        case .maxDurationExceeded: self = .maxDurationExceeded(at: stage)
        case .codeTerminated: self = .codeTerminated(signal: "SIGKILL", oom: true)
        case .invalidOutput: self = .invalidOutput(isWellFormed: false, details: "injected")
        default: self = RunFailure(code)
        }
    }
}
