import Testing

@testable import ContentStore

@Suite struct PackCopierTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Larger than a window, with a chunk that is larger than one.
    private func largePack() throws -> (path: String, name: PackName) {
        var generator = SeededGenerator(seed: 3)
        var pack = try RescuePack(stagingPath: folder.path + "/large", packsFolder: try folder.makeFolder("packs"), disk: LocalDisk())
        for size in [700_000, 1, 3_000_000, 900_000, 6_000_000, 20, 2_500_000] { try pack.append(raw: generator.bytes(size)) }
        let sealed = try pack.seal()
        #expect(sealed.sizeBytes > 3 * Int64(PackCopier.windowBytes))
        return (folder.path + "/large", sealed.name)
    }

    private func smallPack() throws -> (path: String, name: PackName) {
        let path = folder.path + "/small"
        return (path, try PackBuilder(seed: 1).write(to: path).name)
    }

    @Test func aCopyHasTheSameBytesAndTellsOfEachOfThem() throws {
        for (number, (path, name)) in [try smallPack(), try largePack()].enumerated() {
            let target = folder.path + "/copy\(number)"
            var advanced = 0
            let problem = try PackCopier(name, at: path, disk: LocalDisk()).copy(to: (target, LocalDisk())) { advanced += $0 }
            #expect(problem == nil)
            let bytes = try FileBytes.read(path)
            #expect(try FileBytes.read(target) == bytes && advanced == bytes.count)
            #expect(try PackCopier(name, at: path, disk: LocalDisk()).copy(to: nil) { _ in } == nil)
        }
    }

    @Test func everyFlippedByteIsFound() throws {
        var generator = SeededGenerator(seed: 4)
        for (path, name) in [try smallPack(), try largePack()] {
            let bytes = try FileBytes.read(path)
            let places = bytes.count < 10_000 ? Array(bytes.indices) : (0..<30).map { _ in Int.random(in: 0..<bytes.count, using: &generator) }
            for place in places {
                var damaged = bytes
                damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
                try FileBytes.write(damaged, to: path)
                let problem = try PackCopier(name, at: path, disk: LocalDisk()).copy(to: nil) { _ in }
                #expect(problem?.code == .corrupted || problem?.code == .unsupportedVersion, "byte \(place) of \(bytes.count)")
            }
            try FileBytes.write(bytes, to: path)
        }
    }

    @Test func anotherPackAMissingOneAndOneThatWasCutOffAreFound() throws {
        let (small, large) = (try smallPack(), try largePack())
        #expect(try PackCopier(large.name, at: small.path, disk: LocalDisk()).copy(to: nil) { _ in }?.code == .corrupted)
        #expect(try PackCopier(large.name, at: folder.path + "/none", disk: LocalDisk()).copy(to: nil) { _ in }?.code == .notFound)
        try FileBytes.write(Array(try FileBytes.read(small.path).dropLast(3)), to: small.path)
        #expect(try PackCopier(small.name, at: small.path, disk: LocalDisk()).copy(to: nil) { _ in }?.code == .corrupted)
    }

    private struct Stop: Error {}

    @Test func whatConcernsTheTargetOrTheCallerIsThrown() throws {
        let (path, name) = try largePack()
        let copier = PackCopier(name, at: path, disk: LocalDisk())
        #expect(throws: ContentError.self) { try copier.copy(to: (folder.path + "/no/folder", LocalDisk())) { _ in } }
        #expect(throws: Stop.self) { try copier.copy(to: (folder.path + "/t", LocalDisk())) { _ in throw Stop() } }
        // The target must be new.
        #expect(throws: ContentError.self) { try copier.copy(to: (folder.path + "/t", LocalDisk())) { _ in } }
    }
}
