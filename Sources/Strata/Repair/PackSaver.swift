import ContentStore
import Foundation

/// Writes chunks into new packs of bounded size.
///
/// In a dry run nothing is written; the packs that come out have names that no file has.
final class PackSaver {
    static let packBytesTarget: Int64 = 1 << 30

    struct Saved {
        let name: PackName
        let sizeBytes: Int64
        let chunks: [PackedChunk]
    }

    private let folder: String
    private let packsFolder: String
    private let disk: any StoreDisk
    private let isDryRun: Bool
    private var pack: RescuePack?
    private var pretended: [PackedChunk] = []
    private var sealed: [Saved] = []
    private var number = 0

    /// - Parameter folder: where packs lie while they are written.
    init(folder: String, packsFolder: String, disk: any StoreDisk, isDryRun: Bool) {
        self.folder = folder
        self.packsFolder = packsFolder
        self.disk = disk
        self.isDryRun = isDryRun
    }

    func append(_ chunk: PackedChunk, payload: [UInt8]) throws {
        if isDryRun { return pretended.append(chunk) }
        try makeRoom()
        try pack!.append(chunk, payload: payload)
    }

    func append(raw: [UInt8]) throws {
        if isDryRun {
            return pretended.append(
                PackedChunk(
                    digest: Digest(of: raw), offset: 64, storedBytes: raw.count, rawBytes: raw.count, encoding: .raw, checksum: 0,
                    base: nil))
        }
        try makeRoom()
        try pack!.append(raw: raw)
    }

    private func makeRoom() throws {
        if let size = pack?.sizeBytes, size >= Self.packBytesTarget { try seal([]) }
        guard pack == nil else { return }
        while try disk.status(path) != nil { number += 1 }
        pack = try RescuePack(stagingPath: path, packsFolder: packsFolder, disk: disk)
    }

    private var path: String { "\(folder)/\(number).pack" }

    private func seal(_ records: [CommitRecord]) throws {
        guard let open = pack.take() else { return }
        let pack = try open.seal(commitRecords: records)
        sealed.append(Saved(name: pack.name, sizeBytes: pack.sizeBytes, chunks: pack.chunks))
    }

    /// Seals the last pack with the records in it; they are left out when nothing was written.
    ///
    /// The packs are durable under their final names when this returns; their staging names are left.
    func finish(records: [CommitRecord] = []) throws -> [Saved] {
        defer { (sealed, pretended) = ([], []) }
        if isDryRun {
            guard !pretended.isEmpty else { return [] }
            let name = PackName(Digest(of: (0..<32).map { _ in UInt8.random(in: 0...255) }))
            return [Saved(name: name, sizeBytes: 0, chunks: pretended)]
        }
        try seal(records)
        return sealed
    }
}
