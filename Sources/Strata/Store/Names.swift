/// The rule for names of models, states, snapshots and datasets.
enum Names {
    static let bytesMax = 255

    static func check(_ name: String, _ parameter: String) throws(StrataError) {
        guard !name.isEmpty else {
            throw .invalidParameter(parameter, "the \(parameter) is empty; give it 1 to \(bytesMax) bytes")
        }
        guard name.utf8.count <= bytesMax else {
            throw .invalidParameter(
                parameter, "the \(parameter) `\(name.prefix(40))…` has \(name.utf8.count) bytes; at most \(bytesMax) are allowed")
        }
        guard !name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
            throw .invalidParameter(parameter, "the \(parameter) holds a control character; use printable text")
        }
    }
}
