import Catalog

/// Stands for what a store's catalog held at one moment: as long as it stays equal, nobody has changed anything.
public struct ChangeToken: Hashable, Sendable {
    let version: Int64
}

extension StateStore {
    /// What tells whether anything was committed since, in this process or another: for keeping answers that were read.
    ///
    /// Ask before reading: what is read after is at least as new as the token. Tokens of one handle can be compared.
    /// - Complexity: some microseconds; nothing is read from disk.
    public func changeToken() async throws(StrataError) -> ChangeToken {
        try await translating {
            try checkOpen()
            return ChangeToken(version: try await catalog.changeVersion())
        }
    }
}
