import Catalog
import ContentStore

/// Holds pack files against the catalog: there, of the right size, and with an index of themselves that says the same.
struct PackVerification {
    static let pagePacks = 64
    static let pageChunks = 4096

    struct Found {
        var count = 0
        var damages: [Damage] = []
    }

    let catalog: Catalog
    let layout: StoreLayout
    let disk: any StoreDisk
    let damagesMax: Int

    func run() async throws -> Found {
        var found = Found()
        var broken: Set<PackName> = []
        var last: Int64?
        while found.damages.count < damagesMax {
            let packs = try await catalog.packs(after: last, limit: Self.pagePacks)
            guard !packs.isEmpty else { break }
            for pack in packs {
                try Task.checkCancellation()
                guard let message = try await problem(of: pack) else { continue }
                // Compaction and collection remove packs; their rows are gone before.
                guard try await catalog.hasPack(pack.name) else { continue }
                broken.insert(pack.name)
                found.damages.append(Damage(pack: pack.name.description, message: message))
            }
            found.count += packs.count
            last = packs.last?.id
        }
        found.damages += try await misplacedChunks(outside: broken, limit: damagesMax - found.damages.count)
        return found
    }

    private func problem(of pack: PackCheckRow) async throws -> String? {
        let path = layout.packs + "/" + pack.name.relativePath
        do {
            return try await blocking { [disk] () throws in
                guard let status = try disk.status(path) else { return "pack \(pack.name) is missing" }
                guard status.sizeBytes == pack.sizeBytes, !status.isDirectory else {
                    return "pack \(pack.name) has \(status.sizeBytes) bytes, in the catalog \(pack.sizeBytes)"
                }
                let reader = try PackReader(path: path, disk: disk)
                guard reader.name == pack.name else { return "pack \(pack.name) holds another pack: \(reader.name)" }
                return reader.chunks.count == pack.chunkCount
                    ? nil : "pack \(pack.name) has \(reader.chunks.count) chunks, in the catalog \(pack.chunkCount)"
            }
        } catch let error as ContentError {
            guard error.code != .tooManyOpenFiles else { throw error }
            return "pack \(pack.name) cannot be read: \(error.message)"
        }
    }

    /// Chunks whose place in the catalog is not the one in their pack's directory. Chunks come in the order of their
    /// numbers, so that nearly all of a pack's come together and one directory at a time is in memory.
    private func misplacedChunks(outside broken: Set<PackName>, limit: Int) async throws -> [Damage] {
        var damages: [Damage] = []
        var directory: (name: PackName, entries: [Digest: PackedChunk])?
        var last: ChunkID?
        while damages.count < limit {
            let ids = try await catalog.chunks(after: last, limit: Self.pageChunks).map(\.id)
            guard !ids.isEmpty else { break }
            let located = try await catalog.locate(ids).values.sorted { ($0.pack.description, $0.offset) < ($1.pack.description, $1.offset) }
            for location in located where !broken.contains(location.pack) {
                if directory?.name != location.pack {
                    guard let entries = try await entries(of: location.pack) else { continue }
                    directory = (location.pack, entries)
                }
                if directory?.entries[location.digest].map({ Self.agrees(location, $0) }) ?? false { continue }
                guard try await catalog.locate([location.id])[location.id] == location else { continue }
                damages.append(
                    Damage(
                        chunk: location.digest.hex, pack: location.pack.description,
                        message: "the catalog places chunk \(location.digest) at byte \(location.offset) of pack \(location.pack), whose directory does not"))
            }
            last = ids.last
        }
        return damages
    }

    private static func agrees(_ location: ChunkLocation, _ entry: PackedChunk) -> Bool {
        location.offset == entry.offset && location.storedBytes == entry.storedBytes && location.rawBytes == entry.rawBytes
            && location.encoding == entry.encoding && location.checksum == entry.checksum
            && (location.base == nil) == (entry.base == nil)
    }

    /// Nil when the pack went since it was looked at.
    private func entries(of name: PackName) async throws -> [Digest: PackedChunk]? {
        let path = layout.packs + "/" + name.relativePath
        return try await blocking { [disk] () throws in
            guard let reader = try? PackReader(path: path, disk: disk) else { return nil }
            return Dictionary(reader.chunks.map { ($0.digest, $0) }) { first, _ in first }
        }
    }
}
