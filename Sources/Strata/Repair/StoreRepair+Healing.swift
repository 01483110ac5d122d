import Catalog
import ContentStore

extension StoreRepair {
    private typealias Places = [Digest: [(path: String, chunk: PackedChunk)]]

    /// Looks for the content of lost chunks in every pack there is: of the store, in quarantine, of replicas.
    ///
    /// What is found is written into a new pack in an encoding that needs no other chunk.
    func heal(_ rebuild: CatalogRebuild) throws {
        var lost = try rebuild.lostChunks()
        for (digest, id) in lost {
            // A mark may have been set while the chunk's base was damaged, or by a read that failed once.
            guard let place = try rebuild.places(of: [id])[id], place.pack != Catalog.lostPack else { continue }
            if let bytes = try? content(of: place, rebuild), Digest(of: bytes) == digest {
                try rebuild.markSound(id)
                lost[digest] = nil
            }
        }
        guard !lost.isEmpty else { return }
        let places = try places(of: Set(lost.keys))
        let bases = try self.places(of: Set(places.values.joined().compactMap(\.chunk.base)))
        for (digest, candidates) in places {
            for candidate in candidates {
                guard let raw = try? raw(candidate, bases), Digest(of: raw) == digest else { continue }
                try saver.append(raw: raw)
                break
            }
        }
        for pack in try saver.finish() {
            try rebuild.enter(pack: pack.name, sizeBytes: pack.sizeBytes, chunks: pack.chunks)
            for chunk in pack.chunks {
                guard let id = lost[chunk.digest], try rebuild.move(id, to: chunk, in: pack.name) else { continue }
                report.healedChunks += 1
            }
        }
    }

    private func raw(_ place: (path: String, chunk: PackedChunk), _ bases: Places) throws -> [UInt8] {
        let payload = try place.chunk.payload(inPackAt: place.path, disk: disk)
        guard let base = place.chunk.base else { return try place.chunk.decoded(payload, base: nil) }
        for candidate in bases[base] ?? [] where candidate.chunk.base == nil {
            guard let bytes = try? candidate.chunk.decoded(candidate.chunk.payload(inPackAt: candidate.path, disk: disk), base: nil) else { continue }
            return try place.chunk.decoded(payload, base: bytes)
        }
        throw ContentError(.notFound, "the base of chunk \(place.chunk.digest) is nowhere to be found")
    }

    /// Everywhere that these chunks stand, by what packs say of themselves.
    private func places(of digests: Set<Digest>) throws -> Places {
        guard !digests.isEmpty else { return [:] }
        var places: Places = [:]
        func note(_ chunks: [PackedChunk], _ path: String) {
            for chunk in chunks where digests.contains(chunk.digest) { places[chunk.digest, default: []].append((path, chunk)) }
        }
        for survey in surveys { note(survey.soundChunks, survey.path) }
        for name in wholePacks {
            let path = layout.packs + "/" + name.relativePath
            note(try PackReader(path: path, disk: disk).chunks, path)
        }
        var folders = replicas.flatMap { [$0 + "/packs", $0 + "/quarantine"] }
        folders.append(layout.quarantine)
        for folder in folders {
            for path in try packs(below: folder) { note(try PackSurvey(path: path, disk: disk).soundChunks, path) }
        }
        return places
    }

    private func packs(below folder: String) throws -> [String] {
        guard try disk.status(folder)?.isDirectory == true else { return folder.hasSuffix(".pack") ? [folder] : [] }
        return try disk.list(folder).sorted().flatMap { try packs(below: folder + "/" + $0) }
    }
}
