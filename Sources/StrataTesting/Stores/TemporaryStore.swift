import Foundation
public import Strata

/// Runs `body` with a new, empty folder, which is removed afterwards.
public func withTemporaryFolder<T>(_ body: (_ path: String) async throws -> T) async throws -> T {
    let name = "strata-test-\(UUID().uuidString.lowercased())"
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { removeTree(path) }
    return try await body(path)
}

/// Runs `body` with a new store; the store is closed and its folder removed afterwards, whatever `body` does.
///
/// `store.path` is the store's folder. `body` may close the store and open the folder again with `withStore(at:)`.
public func withTemporaryStore<T>(
    options: StateStore.Options = .init(), _ body: (StateStore) async throws -> T
) async throws -> T {
    try await withTemporaryFolder { folder in
        try await withStore(at: folder + "/test.strata", options: options, body)
    }
}

/// Opens the store at `path`, runs `body` with it and closes it.
public func withStore<T>(
    at path: String, _ mode: StateStore.OpenMode = .createIfMissing, options: StateStore.Options = .init(),
    _ body: (StateStore) async throws -> T
) async throws -> T {
    let store = try await StateStore.open(at: path, mode, options: options)
    let result: T
    do {
        result = try await body(store)
    } catch {
        // The body's error is the one that matters.
        try? await store.close()
        throw error
    }
    try await store.close()
    return result
}

/// Folders that tests made unwritable have to go too.
private func removeTree(_ path: String) {
    let files = FileManager.default
    if (try? files.removeItem(atPath: path)) != nil { return }
    for name in files.enumerator(atPath: path)?.compactMap({ $0 as? String }) ?? [] {
        try? files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path + "/" + name)
    }
    try? files.removeItem(atPath: path)
}
