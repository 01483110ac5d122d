import Catalog
import ContentStore

extension StoreRepair {
    /// Enters what the basis does not know, heals what is lost and can be, and puts values right.
    func recover(_ rebuild: CatalogRebuild, _ basis: RepairBasis) throws {
        let states = try recoverableStates(rebuild, basis)
        let wrong = try rebuild.wrongValues()
        let restored = try values(Set(wrong.keys), basis)
        let incomplete = try rebuild.toldOtherwise(try toldStates(basis))
        let pieces = (states + incomplete).flatMap(\.pieces) + restored.values.flatMap(\.pieces)
        let unknown = try rebuild.unknown(Set(pieces.map(\.digest)))
        try enterPacks(rebuild, wanted: unknown.union(try rebuild.lostChunks().keys), states: states + incomplete)
        try rebuild.enterLost(pieces.filter { unknown.contains($0.digest) })
        try heal(rebuild)
        try rebuild.markDependants()
        for (digest, id) in wrong { if let value = restored[digest] { try rebuild.restore(id, value) } }
        for state in incomplete { try rebuild.enterKeys(of: state) }
        for state in states {
            if try rebuild.enter(state) { report.recoveredModels.append(ModelID(unchecked: state.modelID)) }
            report.recoveredStates.append(
                .init(modelID: ModelID(unchecked: state.modelID), stateID: StateID(unchecked: state.stateID), name: state.name))
        }
    }

    private func recoverableStates(_ rebuild: CatalogRebuild, _ basis: RepairBasis) throws -> [RecoverableState] {
        var found: [String: RecoverableState] = [:]
        for state in try basis.other.map({ try rebuild.missingStates(from: $0) }) ?? [] { found[state.stateID] = state }
        for record in try commitRecords(ofKnownPacks: basis.mistrustsKnownPacks) {
            guard let state = RecoverableState(record, storeID: storeID, owner: owner), try !rebuild.hasState(state.stateID) else { continue }
            // What another catalog knows is more: a name that was changed, the settings.
            if found[state.stateID] == nil { found[state.stateID] = state }
        }
        return found.values.sorted { ($0.createdAt, $0.stateID) < ($1.createdAt, $1.stateID) }
    }

    /// What commit records tell of states, where the catalog cannot be trusted with it.
    private func toldStates(_ basis: RepairBasis) throws -> [RecoverableState] {
        guard basis.needsTidying else { return [] }
        return try commitRecords(ofKnownPacks: true).compactMap { RecoverableState($0, storeID: storeID, owner: owner) }
    }

    /// Of packs that the basis does not name: those were committed after it was written, or never.
    private func commitRecords(ofKnownPacks: Bool) throws -> [CommitRecord] {
        var records = surveys.filter { survey in ofKnownPacks || !aside.contains { survey.path.hasSuffix("/" + $0) } }.flatMap(\.commitRecords)
        if ofKnownPacks {
            for name in wholePacks {
                records += try PackReader(path: layout.packs + "/" + name.relativePath, disk: disk).commitRecords
            }
        }
        return records
    }

    /// The content of values that the basis has wrong: from the copy, or from any commit record.
    private func values(_ digests: Set<Digest>, _ basis: RepairBasis) throws -> [Digest: IngestedValue] {
        guard !digests.isEmpty else { return [:] }
        var found: [Digest: IngestedValue] = [:]
        for record in try commitRecords(ofKnownPacks: true) {
            for value in record.values where digests.contains(value.digest) && value.matchesItsDigest { found[value.digest] = value }
        }
        for path in [basis.copy, basis.other].compactMap(\.self) {
            found.merge(CatalogRebuild.values(digests, from: path)) { first, _ in first }
        }
        return found
    }

    /// Enters the packs that hold something that is wanted; those that hold nothing go aside.
    private func enterPacks(_ rebuild: CatalogRebuild, wanted: Set<Digest>, states: [RecoverableState]) throws {
        let strangers = surveys.filter { survey in !aside.contains { survey.path.hasSuffix("/" + $0) } }
        var wanted = wanted
        for survey in strangers { for chunk in survey.soundChunks where wanted.contains(chunk.digest) { if let base = chunk.base { wanted.insert(base) } } }
        var entered: [(chunk: PackedChunk, pack: PackName)] = []
        for survey in strangers {
            let path = String(survey.path.dropFirst(layout.root.utf8.count + 1))
            guard survey.soundChunks.contains(where: { wanted.contains($0.digest) }) else {
                report.packs[path] = survey.finding ?? "nothing in the store needs what it holds"
                aside.append(path)
                continue
            }
            if survey.isWhole, let name = survey.name, path == "packs/" + name.relativePath {
                report.packs[name.description] = "no transaction of the catalog had named it; it is entered"
                try rebuild.enter(pack: name, sizeBytes: survey.sizeBytes, chunks: survey.soundChunks)
                entered += survey.soundChunks.map { ($0, name) }
                wholePacks.append(name)
            } else {
                report.packs[path] = survey.finding
                for chunk in survey.soundChunks { try saver.append(chunk, payload: try chunk.payload(inPackAt: survey.path, disk: disk)) }
                for pack in try saver.finish(records: survey.commitRecords) {
                    try rebuild.enter(pack: pack.name, sizeBytes: pack.sizeBytes, chunks: pack.chunks)
                    entered += pack.chunks.map { ($0, pack.name) }
                }
                aside.append(path)
            }
        }
        // Bases first, wherever they lie.
        for (chunk, pack) in entered where chunk.base == nil { _ = try rebuild.enter(chunk, in: pack) }
        for (chunk, pack) in entered where chunk.base != nil { _ = try rebuild.enter(chunk, in: pack) }
        if !isDryRun { try checkContents(of: entered, rebuild) }
    }

    /// Nobody has vouched for these packs: what their digests promise is held against what they hold.
    private func checkContents(of entered: [(chunk: PackedChunk, pack: PackName)], _ rebuild: CatalogRebuild) throws {
        for (chunk, pack) in entered {
            guard let place = try rebuild.place(of: chunk.digest), place.pack == pack else { continue }
            if (try? content(of: place, rebuild)) == nil { try rebuild.lose([place.id]) }
        }
    }

    /// A chunk's bytes by where the rebuilt catalog places it.
    func content(of place: ChunkLocation, _ rebuild: CatalogRebuild) throws -> [UInt8] {
        let base = try place.base.flatMap { try rebuild.places(of: [$0])[$0] }
        let baseBytes = try base.map { try payload($0).chunk.decoded(payload($0).bytes, base: nil) }
        let (chunk, bytes) = try payload(place)
        return try chunk.decoded(bytes, base: baseBytes)
    }

    private func payload(_ place: ChunkLocation) throws -> (chunk: PackedChunk, bytes: [UInt8]) {
        let chunk = PackedChunk(
            digest: place.digest, offset: place.offset, storedBytes: place.storedBytes, rawBytes: place.rawBytes,
            encoding: place.encoding, checksum: place.checksum, base: nil)
        return (chunk, try chunk.payload(inPackAt: layout.packs + "/" + place.pack.relativePath, disk: disk))
    }
}

extension IngestedValue {
    var pieces: [ValuePiece] { if case .pieces(let pieces) = content { pieces } else { [] } }
}

extension RecoverableState {
    /// What a pack's commit record tells; nil when it is none of this store's states, or cannot be read.
    init?(_ record: CommitRecord, storeID: String, owner: String) {
        guard let told: CommitDescription = JSON.decode(String(decoding: record.metadata, as: UTF8.self)), told.type == "state",
            told.storeID == nil || told.storeID == storeID, ModelID(told.modelID) != nil, StateID(told.stateID) != nil,
            told.keys.count == record.values.count, Set(told.keys).count == told.keys.count
        else { return nil }
        self.init(
            modelID: told.modelID, modelName: told.modelName.isEmpty ? "recovered" : told.modelName, owner: told.owner ?? owner,
            settingsJSON: JSON.encode(ModelSettings()), stateID: told.stateID, name: told.name, createdAt: told.createdAt,
            baseState: told.baseStateID, lineageJSON: told.lineage ?? "[]", mountsJSON: told.mounts ?? "[]",
            isActive: told.isActive ?? false, keys: Array(zip(told.keys, record.values)))
    }
}
