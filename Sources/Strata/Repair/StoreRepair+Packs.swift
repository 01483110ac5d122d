import Catalog
import ContentStore

extension StoreRepair {
    /// Reads every pack and holds it against what the catalog says of it.
    func surveyPacks(_ rebuild: CatalogRebuild) throws {
        let known = try rebuild.packs()
        var seen: Set<PackName> = []
        for file in try packFiles() {
            guard let name = file.name else {
                report.packs[file.path] = "this is no pack's name"
                aside.append(file.path)
                continue
            }
            let survey = try PackSurvey(path: layout.root + "/" + file.path, disk: disk)
            if known.contains(name) {
                seen.insert(name)
                try compare(name, survey, rebuild)
            } else {
                surveys.append(survey)
            }
        }
        for name in known.subtracting(seen) {
            report.packs[name.description] = "the file is missing"
            try rebuild.lose(try rebuild.places(in: name).map(\.id))
            gonePacks.append(name)
        }
        // A base may have been put right after the difference that names it.
        for (id, chunk, pack) in postponed where try !rebuild.move(id, to: chunk, in: pack) { try rebuild.lose([id]) }
        for name in gonePacks { try rebuild.remove(pack: name) }
    }

    private func move(_ id: ChunkID, to chunk: PackedChunk, in pack: PackName, _ rebuild: CatalogRebuild) throws {
        if try !rebuild.move(id, to: chunk, in: pack) { postponed.append((id, chunk, pack)) }
    }

    /// What lies in `packs/`, below the store's folder; a name where it is one of a pack in its place.
    private func packFiles() throws -> [(path: String, name: PackName?)] {
        guard try disk.status(layout.packs) != nil else { return [] }
        var files: [(path: String, name: PackName?)] = []
        for folder in try disk.list(layout.packs).sorted() {
            guard try disk.status(layout.packs + "/" + folder)?.isDirectory == true else {
                files.append(("packs/" + folder, nil))
                continue
            }
            for file in try disk.list(layout.packs + "/" + folder).sorted() {
                let digest = file.hasSuffix(".pack") ? Digest(hex: file.dropLast(5)) : nil
                let name = digest.map(PackName.init).flatMap { $0.relativePath == folder + "/" + file ? $0 : nil }
                files.append(("packs/\(folder)/\(file)", name))
            }
        }
        return files
    }

    private func compare(_ name: PackName, _ survey: PackSurvey, _ rebuild: CatalogRebuild) throws {
        let places = try rebuild.places(in: name)
        let byDigest = Dictionary(survey.soundChunks.map { ($0.digest, $0) }) { first, _ in first }
        let byOffset = Dictionary(survey.soundChunks.map { ($0.offset, $0) }) { first, _ in first }
        let digests = Set(places.map(\.digest))
        let bases = try rebuild.places(of: places.compactMap(\.base))
        var found: [(id: ChunkID, chunk: PackedChunk, isAsTold: Bool)] = []
        var lost: [ChunkID] = []
        for place in places {
            // A row whose digest is none of the pack's is known by its place, unless another row is that chunk's.
            let atPlace = byOffset[place.offset].flatMap { digests.contains($0.digest) ? nil : $0 }
            if let chunk = byDigest[place.digest] ?? atPlace {
                found.append((place.id, chunk, chunk.isAsTold(by: place, base: place.base.flatMap { bases[$0]?.digest })))
            } else {
                lost.append(place.id)
            }
        }
        if survey.isWhole, survey.name == name {
            for (id, chunk, isAsTold) in found where !isAsTold { try move(id, to: chunk, in: name, rebuild) }
            try rebuild.describe(pack: name, sizeBytes: survey.sizeBytes, chunks: survey.soundChunks)
            wholePacks.append(name)
            return try rebuild.lose(lost)
        }
        report.packs[name.description] = survey.finding
        try save(found.map { ($0.id, $0.chunk) }, of: survey, rebuild)
        try rebuild.lose(lost)
        gonePacks.append(name)
        surveys.append(survey)
        aside.append("packs/" + name.relativePath)
    }

    /// Copies the sound chunks of a damaged pack, as they are stored, into a new one.
    private func save(_ chunks: [(ChunkID, PackedChunk)], of survey: PackSurvey, _ rebuild: CatalogRebuild) throws {
        guard !chunks.isEmpty else { return }
        let ids = Dictionary(chunks.map { ($0.1.digest, $0.0) }) { first, _ in first }
        for (_, chunk) in chunks { try saver.append(chunk, payload: try chunk.payload(inPackAt: survey.path, disk: disk)) }
        for pack in try saver.finish(records: survey.commitRecords) {
            try rebuild.enter(pack: pack.name, sizeBytes: pack.sizeBytes, chunks: pack.chunks)
            for chunk in pack.chunks { if let id = ids[chunk.digest] { try move(id, to: chunk, in: pack.name, rebuild) } }
        }
    }
}

extension PackedChunk {
    /// Whether the catalog says the same of it as its pack.
    func isAsTold(by place: ChunkLocation, base: Digest?) -> Bool {
        digest == place.digest && offset == place.offset && storedBytes == place.storedBytes && rawBytes == place.rawBytes
            && encoding == place.encoding && checksum == place.checksum && self.base == base
    }
}
