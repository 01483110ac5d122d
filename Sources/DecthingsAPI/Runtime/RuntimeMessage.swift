/// What a model process says in a result or event frame, without its blobs.
public enum RuntimeMessage: Sendable, Hashable {
    /// Answer to the call `id`.
    case result(id: String, RuntimeResult)
    /// The code is loaded, or (with an error) is not; the process lives on either way.
    case modelSessionInitialized(RuntimeFailure?)
    /// Part of the state that call `commandID` makes: blob i is the value of name i.
    case provideStateData(commandID: String, names: [String])
    /// `progress` is nil when the model reported something that is no finite number.
    case trainingProgress(trainingSessionID: String, progress: Double?)
    /// Blob i is one tensor for name i; names may repeat.
    case trainingMetrics(trainingSessionID: String, names: [String])
    /// An event that this version does not know; ignore it and its blobs.
    case unknownEvent(name: String)

    /// Interprets the JSON of a result or event. Accepts the non-finite number tokens that the Python runtime sends, and
    /// replaces what is no text in an error's details; in names it is an error, since a replaced name is another one.
    ///
    /// - Throws: `.malformedJSON`, `.missingField`, `.wrongType`, `.invalidValue`.
    public init(decoding json: [UInt8]) throws(WireError) {
        let value: JSONValue
        do throws(WireError) {
            value = try JSONValue.parse(json, leniency: .nonFiniteNumbers)
        } catch {
            value = try JSONValue.parse(json, leniency: [.nonFiniteNumbers, .loneSurrogates])
            if value["params"]?["names"] != nil { throw error }
        }
        if let event = value["event"] {
            self = try Self.event(try event.decode(String.self), params: value["params"] ?? .object([:]))
        } else {
            let id = try value.required("id").decode(String.self)
            self = .result(id: id, try RuntimeResult(try value.required("result")))
        }
    }

    private static func event(_ name: String, params: JSONValue) throws(WireError) -> RuntimeMessage {
        switch name {
        case "modelSessionInitialized":
            return .modelSessionInitialized(try params["error"].flatMap { (error) throws(WireError) in
                error == .null ? nil : try RuntimeFailure(error)
            })
        case "provideStateData":
            return .provideStateData(
                commandID: try params.required("commandId").decode(String.self),
                names: try params.required("names").decode([String].self))
        case "trainingProgress":
            let progress = try params.required("progress").doubleValue
            return .trainingProgress(
                trainingSessionID: try params.required("trainingSessionId").decode(String.self),
                progress: progress.flatMap { $0.isFinite ? $0 : nil })
        case "trainingMetrics":
            return .trainingMetrics(
                trainingSessionID: try params.required("trainingSessionId").decode(String.self),
                names: try params.required("names").decode([String].self))
        default:
            return .unknownEvent(name: name)
        }
    }

    /// How many blobs the message must carry; nil where any number is legal. A mismatch is the process's defect.
    public var expectedBlobCount: Int? {
        switch self {
        case .result(_, .success(let outputs)): outputs == nil ? 0 : 1
        case .result, .modelSessionInitialized, .trainingProgress: 0
        case .provideStateData(_, let names), .trainingMetrics(_, let names): names.count
        case .unknownEvent: nil
        }
    }
}

/// The outcome of a call to a model process.
public enum RuntimeResult: Sendable, Hashable {
    /// `outputs` is present for `callEvaluate` only; the single blob holds all tensors in that order.
    case success(outputs: [RuntimeOutput]?)
    case failure(RuntimeFailure)

    init(_ value: JSONValue) throws(WireError) {
        guard case .object = value else {
            throw WireError(.wrongType, "result must be an object, not \(value.kindDescription)", field: "result")
        }
        if let error = value["error"], error != .null {
            self = .failure(try RuntimeFailure(error))
        } else {
            self = .success(outputs: try value["outputs"]?.decode([RuntimeOutput].self))
        }
    }
}

/// One output of `callEvaluate`: the sizes of its tensors within the blob.
public struct RuntimeOutput: Sendable, Hashable, Codable {
    public var name: String
    public var byteSizes: [UInt64]

    public init(name: String, byteSizes: [UInt64]) {
        self.name = name
        self.byteSizes = byteSizes
    }
}

/// Why a call to a model process failed.
public struct RuntimeFailure: Error, Sendable, Hashable {
    /// `exception` or `instantiated_model_not_found`, or what a newer runtime says.
    public var code: String
    /// Stack trace, at most about 10000 characters from the known runtimes.
    public var details: String?

    public init(code: String, details: String? = nil) {
        self.code = code
        self.details = details
    }

    /// Accepts `{code, details?}` and the Python runtime's bare string.
    init(_ value: JSONValue) throws(WireError) {
        if case .string(let code) = value {
            self.init(code: code)
        } else {
            let code = try value.required("code").decode(String.self)
            self.init(code: code, details: value["details"]?.stringValue)
        }
    }
}

/// A request of a model process for data, carried by a data event frame.
public enum RuntimeDataEvent: Sendable, Hashable {
    /// Answer with a data frame of exactly `amount` items from `startIndex`; check both against the data set.
    case requestData(requestID: UInt32, dataset: String, startIndex: Int, amount: Int)
    /// From now on serve these data sets in one new random order, the same for all.
    case shuffle(datasets: [String])

    /// - Throws: `.malformedJSON`, `.missingField`, `.wrongType`, `.invalidValue` (negative numbers included).
    public init(decoding json: [UInt8]) throws(WireError) {
        let value = try JSONValue.parse(json, leniency: .nonFiniteNumbers)
        switch try value.required("event").decode(String.self) {
        case "requestData":
            let start = try value.required("startIndex").decode(UInt32.self)
            let amount = try value.required("amount").decode(UInt32.self)
            self = .requestData(
                requestID: try value.required("requestId").decode(UInt32.self),
                dataset: try value.required("dataset").decode(String.self),
                startIndex: Int(start), amount: Int(amount))
        case "shuffle":
            self = .shuffle(datasets: try value.required("datasets").decode([String].self))
        case let name:
            throw WireError(
                .invalidValue, "a data event must be requestData or shuffle, not \(name.prefix(64))", field: "event")
        }
    }
}

extension JSONValue {
    /// The value under `key`.
    ///
    /// - Throws: `.missingField` when this is no object or has no such key.
    func required(_ key: String) throws(WireError) -> JSONValue {
        guard let value = self[key] else { throw WireError(.missingField, "\(key) is missing; add it", field: key) }
        return value
    }
}
