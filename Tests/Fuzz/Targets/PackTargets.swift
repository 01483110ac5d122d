import ContentStore

enum PackTargets {
    static func file(_ input: UnsafeRawBufferPointer) { read(Array(input)) }

    /// The directory is the input's, all that vouches for it is right.
    static func index(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let counts = (0..<3).map { _ in UInt32(reader.next(UInt16.self)) }
        let pack = PackForge.sealed(
            body: seededBytes(600, seed: 3), directory: Array(reader.rest), chunks: counts[0], bases: counts[1], records: counts[2])
        read(pack.bytes)
    }

    /// What stands behind the header has lost its end, and its records' heads match their checksums.
    static func salvage(_ input: UnsafeRawBufferPointer) { read(PackForge.header() + PackForge.withRightHeads(Array(input))) }

    private static func read(_ bytes: [UInt8]) {
        let disk = MemoryDisk(bytes: bytes)
        var whole = false
        if let pack = try? PackReader(path: MemoryDisk.path, disk: disk) {
            whole = true
            for chunk in pack.chunks {
                precondition(chunk.offset >= 64 && chunk.offset + Int64(chunk.storedBytes) <= Int64(bytes.count), "a chunk lies outside its pack")
            }
            check(pack.commitRecords)
        }
        guard let survey = try? PackSurvey(path: MemoryDisk.path, disk: disk) else { return }
        precondition(!whole || survey.problem == nil, "a pack that can be read has a problem")
        for chunk in survey.soundChunks.prefix(64) {
            guard let payload = try? chunk.payload(inPackAt: MemoryDisk.path, disk: disk) else {
                preconditionFailure("a chunk that was found sound cannot be read")
            }
            // A hostile size is allowed to cost what it says, once.
            guard chunk.rawBytes <= 1 << 20 else { continue }
            let base = chunk.base == nil ? nil : seededBytes(chunk.rawBytes, seed: 5)
            _ = try? chunk.decoded(payload, base: base)
        }
        check(survey.commitRecords)
    }

    private static func check(_ records: [CommitRecord]) {
        for value in records.flatMap(\.values) { _ = value.matchesItsDigest }
    }
}
