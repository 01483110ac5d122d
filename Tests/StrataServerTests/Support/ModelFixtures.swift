import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

extension TestServer {
    /// Makes a model of code through the API.
    @discardableResult
    func createModel(_ name: String = "model", preset: String = "none", more: String = "", as caller: Caller = .everybody) async throws -> ModelID {
        let answer = try await call(
            "Model/createModel",
            #"{"name": "\#(name)", "description": "", "options": {"type": "code", "language": "python", "preset": "\#(preset)"\#(more)}}"#,
            as: caller)
        return try #require(ModelID(rawValue: try answer.result(as: CreateModelResult.self).modelId))
    }

    /// A model whose entry file is one of those that test the runtime.
    func createModel(running folder: String, _ name: String = "model", definitions: String = "") async throws -> ModelID {
        let more = definitions.isEmpty ? "" : #", "parameterDefinitions": \#(definitions)"#
        let id = try await createModel(name, more: more)
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../ModelRuntimeTests/Models/\(folder)/main.py").standardizedFileURL.path
        try await store.changeFiles(of: id) { try await $0.put("main.py", fileAt: path) }
        return id
    }

    /// A model whose entry file is this text.
    func createModel(code: String, _ name: String = "model") async throws -> ModelID {
        let id = try await createModel(name)
        try await store.changeFiles(of: id) { try await $0.put("main.py", Array(code.utf8)) }
        return id
    }

    /// Uploads a state; `values` are keys with their bytes, in order.
    @discardableResult
    func upload(_ values: KeyValuePairs<String, [UInt8]>, to model: ModelID, named name: String = "uploaded") async throws -> StateID {
        let keys = values.map { "\"\($0.key)\"" }.joined(separator: ", ")
        let answer = try await call(
            "Model/uploadState", #"{"modelId": "\#(model)", "name": "\#(name)", "stateKeyNames": [\#(keys)]}"#, blobs: values.map(\.value))
        return try #require(StateID(rawValue: try answer.result(as: UploadStateResult.self).stateId))
    }

    /// What `getModels` says of one model.
    func shown(_ model: ModelID, as caller: Caller = .everybody) async throws -> DecthingsAPI.Model? {
        let answer = try await call("Model/getModels", #"{"filter": {"ids": ["\#(model)"]}}"#, as: caller)
        return try answer.result(as: GetModelsResult.self).models.first
    }

    /// Runs a call that must be refused; answers its code.
    func refusal(
        _ name: String, _ params: String = "{}", blobs: [[UInt8]] = [], as caller: Caller = .everybody
    ) async throws -> APIErrorCode? {
        try await call(name, params, blobs: blobs, as: caller).error?.code
    }
}

extension Tensor {
    /// The blob of a parameter with one number.
    static func blob(_ value: Double) -> [UInt8] { Array(Tensor.scalar(value).bytes) }
    static func blob(_ value: Float) -> [UInt8] { Array(Tensor.scalar(value).bytes) }
}

let temporary = #"{"type": "temporaryLauncher", "spec": {"cpus": 1, "memoryMebibytes": 512}}"#
