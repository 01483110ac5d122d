import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Synchronization

/// The model of the conformance suite as closures in this process.
enum ConformanceClosures {
    private struct Raised: Error, CustomStringConvertible {
        let description: String
    }

    static let executor = ClosureExecutor(
        createState: { call, receiver in
            for parameter in call.parameters { try await receiver.provide(parameter.name, try await joined(parameter)) }
            for other in call.otherModels {
                try await receiver.provide("\(other.modelID)/note", try await note(other))
                for key in other.state { try await receiver.provide("\(other.modelID)/\(key.name)", try await joined(key)) }
            }
            try raiseIfAsked(call.parameters)
        },
        instantiate: { call in
            var values: [String: [UInt8]] = [:]
            for key in call.state { values[key.name] = try await joined(key) }
            try raiseIfAsked(call.state)
            var notes: [String] = []
            for other in call.otherModels { notes.append(String(decoding: try await note(other), as: UTF8.self)) }
            return instance(of: Loaded(values), notes)
        })

    private final class Loaded: Sendable {
        let values: Mutex<[String: [UInt8]]>
        init(_ values: [String: [UInt8]]) { self.values = Mutex(values) }
    }

    private static func instance(of loaded: Loaded, _ notes: [String]) -> ClosureExecutor.Instance {
        ClosureExecutor.Instance(
            evaluate: { parameters in
                if parameters.contains(where: { $0.name == "state" }) {
                    let keys = loaded.values.withLock { $0.keys.sorted().joined(separator: ",") }
                    throw Raised(description: keys + ";" + notes.joined(separator: ","))
                }
                var outputs: [EvaluationOutput] = []
                for parameter in parameters { outputs.append(EvaluationOutput(name: parameter.name, items: try await items(parameter))) }
                return outputs
            },
            train: { parameters, observer in
                let xs = try await items(parameters.first { $0.name == "x" }!)
                for (number, item) in xs.enumerated() {
                    loaded.values.withLock { $0["log", default: []] += item.bytes }
                    try await observer.metric("seen", item)
                    try await observer.progress(Double(number + 1) / Double(xs.count))
                }
                try raiseIfAsked(parameters)
                if parameters.contains(where: { $0.name == "wait" }) { try await Task.sleep(for: .seconds(3600)) }
            },
            getModelState: { receiver in
                for (key, value) in loaded.values.withLock({ $0 }) { try await receiver.provide(key, value) }
            })
    }

    private static func raiseIfAsked(_ parameters: [CallParameter]) throws {
        if parameters.contains(where: { $0.name == "raise" }) { throw Raised(description: "raised on request") }
    }

    private static func joined(_ parameter: CallParameter) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for item in 0..<parameter.items.itemCount { bytes += try await parameter.items.bytes(of: item) }
        return bytes
    }

    private static func items(_ parameter: CallParameter) async throws -> [Item] {
        var items: [Item] = []
        for number in 0..<parameter.items.itemCount {
            let tensor = try Tensor.decode(try await parameter.items.bytes(of: number))
            items.append(Item(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes)))
        }
        return items
    }

    private static func note(_ other: Strata.MountedModel) async throws -> [UInt8] {
        try await withTemporaryFolder { folder in
            try await other.files.layOut(in: folder)
            return Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/note.txt")))
        }
    }
}
