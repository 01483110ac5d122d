import DecthingsAPI
import ModelRuntime
import Strata

extension APIService {
    /// Most bytes of inline tensors in one call: they lie in memory until the run has ended.
    static let inlineParametersSizeBytesMax = 512 << 20

    /// The parameters of a run: tensors from the request's blobs, and datasets that the caller may see.
    ///
    /// - Throws: `invalid_parameter` for blobs that do not fit, for what is no tensor, and for repeated names;
    ///   `dataset_not_found`.
    func parameters(_ providers: [ParameterProvider], _ call: Call) async throws -> [ParameterInput] {
        let indexes = try Self.wire { () throws(WireError) in try providers.blobIndexes(blobCount: call.blobs.sizesBytes.count) }
        let total = call.blobs.sizesBytes.reduce(0, &+)
        guard total <= Self.inlineParametersSizeBytesMax else {
            throw APIError.invalidParameter(
                "params", "the parameters have \(total) bytes; at most \(Self.inlineParametersSizeBytesMax) can be sent inline, put more into a dataset")
        }
        var inputs: [ParameterInput] = []
        for (provider, index) in zip(providers, indexes) {
            switch provider.source {
            case .inline:
                let bytes = try await call.blobs.bytes(of: index!, sizeBytesMax: total, parameterName: "params")
                let tensors = try Self.tensors(bytes, of: provider.name)
                inputs.append(.inline(name: provider.name, items: tensors.map(Item.init)))
            case .dataset(let id, let key):
                inputs.append(.dataset(name: provider.name, dataset: try await dataset(id, for: call).id, key: key))
            }
        }
        return inputs
    }

    private static func tensors(_ bytes: [UInt8], of parameter: String) throws(APIError) -> [Tensor] {
        do throws(WireError) {
            return try Tensor.decodeAll(bytes[...])
        } catch {
            throw .invalidParameter("params", "the parameter \(parameter.prefix(255)) is not made of tensors: \(error.message)")
        }
    }

    /// Puts what the wire types throw into the API's words.
    static func wire<T>(_ body: () throws(WireError) -> T) throws(APIError) -> T {
        do throws(WireError) {
            return try body()
        } catch {
            throw APIError(error)
        }
    }

    /// Where a call asks its code to run.
    ///
    /// - Throws: `persistent_launcher_not_found`, also for callers who may see no launchers.
    func location(_ location: DecthingsAPI.ExecutionLocation, for caller: Caller) throws(APIError) -> Strata.ExecutionLocation {
        switch location {
        case .temporaryLauncher(let spec): return .temporaryLauncher(Strata.LauncherSpec(spec))
        case .persistentLauncher(let text):
            guard let id = LauncherID(rawValue: text), caller.right != nil, executor.persistentLaunchers.contains(where: { $0.id == id })
            else { throw APIError(.persistentLauncherNotFound) }
            return .persistentLauncher(id)
        }
    }
}

extension Item {
    init(_ tensor: Tensor) { self.init(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes)) }

    /// The item's bytes as a client or runtime of this layout reads them.
    func bytes(for layout: MediaLayout) -> ArraySlice<UInt8> {
        guard ElementType(name: elementType)?.isMedia == true, let tensor = try? Tensor.decode(bytes) else { return bytes[...] }
        return tensor.encoded(for: layout)
    }
}
