import DecthingsAPI
import Logging
import Strata

/// Notes what a key made, as its call's answer tells, before the answer goes out.
///
/// A process that dies in between leaves a state that counts for nobody: a limit that is a little late, never lost data.
struct AttributingSink: AnswerSink {
    static let methods: Set<APIMethod> = [.createModel, .uploadState, .createState]

    let sink: any AnswerSink
    let store: StateStore
    let key: APIKeyID
    let logger: Logger

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        if case .result(let result) = envelope {
            let made = result["success"] ?? result["createModelSuccess"] ?? result
            let models = Self.ids("modelId", result, made).compactMap(ModelID.init(rawValue:))
            let states = Self.ids("stateId", result, made).compactMap(StateID.init(rawValue:))
            if !models.isEmpty || !states.isEmpty {
                do throws(StrataError) {
                    try await store.attribute(models: models, states: states, to: key)
                } catch {
                    logger.warning("what key \(key) made is not counted: \(error)")
                }
            }
        }
        try await sink.begin(envelope, blobSizesBytes: blobSizesBytes)
    }

    private static func ids(_ name: String, _ values: JSONValue...) -> [String] {
        Set(values.compactMap { $0[name]?.stringValue }).sorted()
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws { try await sink.write(bytes) }
}
