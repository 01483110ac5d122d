import ArgumentParser
import DecthingsAPI
import Foundation
import Strata

/// `NAME=VALUE`, `NAME:TYPE[SHAPE]=VALUES`, `NAME=@FILE` or `NAME=dataset:DATASET/KEY`.
struct ParameterArgument {
    enum Content {
        /// A scalar whose type is guessed or declared.
        case scalar(String)
        case typed(Tensor)
        /// A file of serialized tensors.
        case file(String)
        case dataset(String, key: String)
    }

    let name: String
    let content: Content

    /// - Throws: `ValidationError` with a sentence that names the argument.
    init(parsing argument: String) throws {
        guard let separator = argument.firstIndex(of: "=") else {
            throw ValidationError("`\(argument)` has no `=`; write NAME=VALUE.")
        }
        let left = argument[..<separator]
        let text = String(argument[argument.index(after: separator)...])
        do {
            guard let colon = left.lastIndex(of: ":") else {
                name = String(left)
                content = try Self.untyped(text)
                try check()
                return
            }
            name = String(left[..<colon])
            content = .typed(
                try TensorText.tensor(text, try TensorText.typeSpec(String(left[left.index(after: colon)...]))))
            try check()
        } catch let mistake as TensorText.Mistake {
            throw ValidationError("In `\(argument)`: \(mistake.message).")
        }
    }

    private func check() throws {
        if name.isEmpty { throw TensorText.Mistake("the name before the `=` is empty") }
    }

    private static func untyped(_ text: String) throws -> Content {
        if text.hasPrefix("@") {
            guard text.count > 1 else { throw TensorText.Mistake("no file stands behind the `@`") }
            return .file(String(text.dropFirst()))
        }
        guard text.hasPrefix("dataset:") else { return .scalar(text) }
        let reference = text.dropFirst("dataset:".count)
        guard let slash = reference.firstIndex(of: "/"), slash != reference.startIndex,
            reference.index(after: slash) != reference.endIndex
        else {
            throw TensorText.Mistake("a dataset is given as dataset:DATASET/KEY")
        }
        return .dataset(String(reference[..<slash]), key: String(reference[reference.index(after: slash)...]))
    }

    /// The items that the argument stands for; none for a dataset.
    func items(allowedTypes: [String]) async throws -> [Item] {
        do {
            switch content {
            case .scalar(let text): return [Item(try TensorText(allowedTypes: allowedTypes).scalar(text))]
            case .typed(let tensor): return [Item(tensor)]
            case .file(let path): return try await Self.tensors(in: path).map { Item($0) }
            case .dataset: return []
            }
        } catch let mistake as TensorText.Mistake {
            throw StrataError(.invalidParameter, "parameter `\(name)`: \(mistake.message)", parameterName: "params")
        }
    }

    private static func tensors(in path: String) async throws -> [Tensor] {
        let bytes = try await LocalFile.read(path)
        do {
            return try Tensor.decodeAll(bytes[...])
        } catch {
            let place = error.byteOffset.map { " at byte \($0)" } ?? ""
            throw StrataError(
                .invalidParameter, "`\(path)` does not hold serialized tensors: \(error.message)\(place)", parameterName: "params")
        }
    }
}

extension [ParameterArgument] {
    /// What `createState` is given: arguments of the same name become one parameter with several items.
    func inputs(declared: [Strata.ParameterDefinition], in store: StateStore) async throws -> [ParameterInput] {
        var inputs: [ParameterInput] = []
        for argument in self {
            if case .dataset(let reference, let key) = argument.content {
                let dataset = try await store.findDataset(reference)
                inputs.append(.dataset(name: argument.name, dataset: dataset.id, key: key))
                continue
            }
            let allowed = declared.first { $0.name == argument.name }?.allowedTypes ?? []
            let items = try await argument.items(allowedTypes: allowed)
            if let index = inputs.firstIndex(where: { $0.name == argument.name }), case .inline(let name, let before) = inputs[index] {
                inputs[index] = .inline(name: name, items: before + items)
            } else {
                inputs.append(.inline(name: argument.name, items: items))
            }
        }
        return inputs
    }
}
