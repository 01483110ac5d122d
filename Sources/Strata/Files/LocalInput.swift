import ContentStore

/// A local file that a caller named, to be read from.
enum LocalInput {
    /// - Throws: `file_not_found`: a missing input is the caller's mistake, not damage in the store.
    static func open(_ path: String) async throws -> any DiskFile {
        do {
            return try await blocking { () throws in try LocalDisk().open(path, .read) }
        } catch let error as ContentError where error.code == .notFound {
            throw StrataError(.fileNotFound, "there is no file `\(path)` to read from", context: ["path": path], cause: error)
        }
    }
}
