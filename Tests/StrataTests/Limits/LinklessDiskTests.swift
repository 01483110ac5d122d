import ContentStore
import Glibc
import Strata
import StrataTesting
import Testing

/// File systems without hard links, such as FAT.
private struct LinklessDisk: StoreDisk {
    let disk = LocalDisk()
    let number: Int32

    func link(_ path: String, to newPath: String) throws(ContentError) {
        throw ContentError(.io, "cannot link `\(newPath)`", errno: number, path: newPath)
    }

    func open(_ path: String, _ mode: OpenMode) throws(ContentError) -> any DiskFile { try disk.open(path, mode) }
    func rename(_ path: String, to newPath: String) throws(ContentError) { try disk.rename(path, to: newPath) }
    func remove(_ path: String) throws(ContentError) { try disk.remove(path) }
    func createDirectory(_ path: String) throws(ContentError) { try disk.createDirectory(path) }
    func removeDirectory(_ path: String) throws(ContentError) { try disk.removeDirectory(path) }
    func list(_ path: String) throws(ContentError) -> [String] { try disk.list(path) }
    func status(_ path: String) throws(ContentError) -> FileStatus? { try disk.status(path) }
    func syncDirectory(_ path: String) throws(ContentError) { try disk.syncDirectory(path) }
}

@Suite struct LinklessDiskTests {
    @Test(arguments: [EPERM, EOPNOTSUPP])
    func aStoreWorksWithoutHardLinks(number: Int32) async throws {
        try await withTemporaryFolder { folder in
            var options = StateStore.Options()
            options.disk = LinklessDisk(number: number)
            let value = SeededBytes.random(300_000, seed: 4)
            let (model, state) = try await withStore(at: folder + "/s", options: options) { store async throws in
                let model = try await store.createModel(named: "m")
                let state = try await store.commit([("k", value)], to: model.id)
                try await expectNothingLeft(in: store)
                return (model.id, state.id)
            }
            try await withStore(at: folder + "/s", options: options) { store async throws in
                #expect(try await store.bytes(of: "k", in: state, of: model) == value)
                #expect(try await store.verify().isSound)
                await #expect(throws: GivenUp.self) {
                    try await store.commitState(of: model, named: "never") { writer in
                        try await writer.write("k", SeededBytes.random(300_000, seed: 5))
                        throw GivenUp()
                    }
                }
                try await expectNothingLeft(in: store)
            }
        }
    }
}
