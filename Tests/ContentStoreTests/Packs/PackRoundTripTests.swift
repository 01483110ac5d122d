import Testing

@testable import ContentStore

@Suite struct PackRoundTripTests {
    @Test func whatWasWrittenIsReadBack() throws {
        for seed in UInt64(0)..<5 {
            let folder = try TemporaryFolder()
            let builder = PackBuilder(seed: seed)
            let path = folder.path + "/p"
            let sealed = try builder.write(to: path)
            let bytes = try FileBytes.read(path)
            let pack = try PackReader(path: path)
            #expect(pack.name == sealed.name && pack.sizeBytes == sealed.sizeBytes)
            #expect(sealed.sizeBytes == Int64(bytes.count))
            #expect(pack.chunks == sealed.chunks)
            #expect(pack.chunks.map { $0.moved(to: $0.offset - 64) } == builder.chunks)
            for chunk in pack.chunks {
                let payload = Array(bytes[Int(chunk.offset)..<Int(chunk.offset) + chunk.storedBytes])
                #expect(Digest(of: payload) == chunk.digest && PackFormat.checksum(payload) == chunk.checksum)
            }
            expectEqual(pack.commitRecords, builder.commitRecords)
        }
    }

    private func expectEqual(_ read: [CommitRecord], _ written: [CommitRecord]) {
        #expect(read.map(\.metadata) == written.map(\.metadata))
        for (left, right) in zip(read.flatMap(\.values), written.flatMap(\.values)) {
            #expect(left.digest == right.digest && left.sizeBytes == right.sizeBytes)
            switch (left.content, right.content) {
            case (.inline(let left), .inline(let right)): #expect(left == right)
            case (.pieces(let left), .pieces(let right)): #expect(left == right)
            default: Issue.record("a value changed its place")
            }
        }
    }

    @Test func aPackMayHoldNothing() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/p"
        _ = try PackWriter(disk: LocalDisk(), path: path, nonce: [UInt8](repeating: 0, count: 16)).seal(commitRecords: [])
        let pack = try PackReader(path: path)
        #expect(pack.chunks.isEmpty && pack.commitRecords.isEmpty && pack.sizeBytes == 64 + 128)
    }

    @Test func equalContentGetsDifferentNames() throws {
        let folder = try TemporaryFolder()
        let names = try (0..<2).map { number in
            let nonce = [UInt8](repeating: UInt8(number), count: 16)
            return try PackWriter(disk: LocalDisk(), path: "\(folder.path)/\(number)", nonce: nonce).seal(commitRecords: []).name
        }
        #expect(names[0] != names[1])
    }

    @Test func aStagingFileIsNeverWrittenOver() throws {
        let folder = try TemporaryFolder()
        try FileBytes.write([1, 2, 3], to: folder.path + "/p")
        #expect(throws: ContentError.self) { try PackBuilder(seed: 1).write(to: folder.path + "/p") }
        #expect(try FileBytes.read(folder.path + "/p") == [1, 2, 3])
    }

    @Test func publishingGivesASecondNameAndMakesTheFolder() throws {
        let folder = try TemporaryFolder()
        let packs = try folder.makeFolder("packs")
        let sealed = try PackBuilder(seed: 2).write(to: folder.path + "/staged")
        let home = PackFolder(disk: LocalDisk(), path: packs)
        try home.publish(folder.path + "/staged", as: sealed.name)
        let hex = sealed.name.digest.hex
        #expect(folder.files() == ["packs/\(hex.prefix(2))/\(hex).pack", "staged"])
        #expect(try PackReader(path: home.path(of: sealed.name)).name == sealed.name)
        let (staged, named) = (try LocalDisk().status(folder.path + "/staged"), try LocalDisk().status(home.path(of: sealed.name)))
        #expect(staged == named, "one file with two names")
    }

    /// File systems without hard links refuse with EPERM.
    @Test func withoutHardLinksAPackIsRenamed() throws {
        let folder = try TemporaryFolder()
        let packs = try folder.makeFolder("packs")
        let sealed = try PackBuilder(seed: 3).write(to: folder.path + "/staged")
        let home = PackFolder(disk: LinklessDisk(), path: packs)
        try home.publish(folder.path + "/staged", as: sealed.name)
        #expect(folder.files() == ["packs/" + sealed.name.relativePath])
    }
}

/// The local disk without hard links.
private struct LinklessDisk: StoreDisk {
    let disk = LocalDisk()

    func link(_ path: String, to newPath: String) throws(ContentError) {
        throw ContentError(.io, "no links here", errno: 1, path: newPath)
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
