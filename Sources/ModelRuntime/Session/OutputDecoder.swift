import DecthingsAPI
import Strata

/// Cuts the blob of an evaluation's answer into the tensors that it is made of.
struct OutputDecoder {
    let blob: [UInt8]

    /// - Throws: `ExecutionFailure.invalidOutput` with `.invalid` when the sizes do not add up or bytes are no tensor.
    func decode(_ outputs: [RuntimeOutput]) throws -> [EvaluationOutput] {
        var rest = blob[...]
        let decoded = try outputs.map { output in
            EvaluationOutput(
                name: output.name,
                items: try output.byteSizes.enumerated().map { number, sizeBytes in
                    guard sizeBytes <= UInt64(rest.count) else {
                        throw invalid("tensor \(number) of output `\(output.name)` has \(sizeBytes) bytes, \(rest.count) are left")
                    }
                    defer { rest = rest.dropFirst(Int(sizeBytes)) }
                    return try item(rest.prefix(Int(sizeBytes)), number, of: output.name)
                })
        }
        guard rest.isEmpty else { throw invalid("\(rest.count) bytes follow the last output") }
        return decoded
    }

    private func item(_ bytes: ArraySlice<UInt8>, _ number: Int, of output: String) throws -> Item {
        do throws(WireError) {
            return try Item(tensor: bytes)
        } catch {
            throw invalid("tensor \(number) of output `\(output)` is malformed: \(error.message)")
        }
    }

    private func invalid(_ details: String) -> ExecutionFailure { .invalidOutput(.invalid, details: details) }
}

extension Item {
    /// One serialized tensor of either media layout, in its canonical form.
    init(tensor bytes: ArraySlice<UInt8>) throws(WireError) {
        let tensor = try Tensor.decode(bytes)
        self.init(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes))
    }
}
