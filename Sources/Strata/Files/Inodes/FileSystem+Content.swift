import Catalog
import ContentStore

extension FileSystem {
    /// Data up to this size is collected before the file is touched, and written again when another process was faster.
    static let collectedBytesMax = 4 << 20
    private static let attemptsMax = 16

    /// New bytes for a file.
    private enum NewData {
        case collected([UInt8])
        /// Value 0 of the session.
        case ingested(ValueWriter.Finished, sizeBytes: Int64)

        var sizeBytes: Int64 {
            switch self {
            case .collected(let bytes): Int64(bytes.count)
            case .ingested(_, let sizeBytes): sizeBytes
            }
        }
    }

    /// What a change does to a file's content, once it is known which one it has.
    private struct Edit {
        var start: (_ oldSizeBytes: Int64) -> Int64
        var resume: (_ oldSizeBytes: Int64) -> Int64
        var attributes = FileAttributesChange()
        /// What is thrown when the file system has no room for it.
        var tooLarge = StrataError.Code.notEnoughSpace
    }

    /// Writes into a file, which grows where the bytes pass its end; a hole before them is zeros.
    ///
    /// - Parameters:
    ///   - sizeBytes: how many bytes `produce` will hand over.
    ///   - truncates: the file becomes exactly these bytes, and `offset` does not count.
    ///   - produce: hands the bytes over in order. It is called once, and not at all when the write is refused before.
    /// - Throws: `stale_inode`, `is_a_directory`, `wrong_file_kind`, `not_enough_space`, `invalid_parameter`; `conflict` when another
    ///   process changed the file while more than 4 MiB were written. What `produce` throws passes through.
    /// - Complexity: the bytes and two chunks; a number for each chunk of the file; a row for each file of the model.
    @discardableResult
    public func write(
        _ sizeBytes: Int64, to inode: InodeNumber, at offset: Int64 = 0, truncates: Bool = false,
        _ produce: (_ consume: (ArraySlice<UInt8>) async throws -> Void) async throws -> Void
    ) async throws -> FileAttributes {
        guard offset >= 0, sizeBytes >= 0, !offset.addingReportingOverflow(sizeBytes).overflow else {
            throw StrataError.invalidParameter("offset", "\(sizeBytes) bytes at \(offset) cannot lie in a file; the least offset is 0")
        }
        try requireWritable()
        let edit =
            truncates
            ? Edit(start: { _ in 0 }, resume: { $0 }) : Edit(start: { _ in offset }, resume: { min($0, offset + sizeBytes) })
        do {
            // Refused before the bytes are there, where it can be.
            _ = try await splice(inode, edit, dataSizeBytes: sizeBytes)
        } catch {
            throw StateStore.inOurWords(error)
        }
        if sizeBytes == 0, !truncates { return try await attributes(of: inode) }
        if sizeBytes > Self.collectedBytesMax { return try await writeLarge(sizeBytes, to: inode, edit, produce) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(sizeBytes))
        try await produce { bytes.append(contentsOf: $0) }
        try Self.require(Int64(bytes.count), sizeBytes)
        return try await writeCollected(bytes, to: inode, edit)
    }

    /// Writes bytes that lie in memory.
    @discardableResult
    public func write(
        _ bytes: [UInt8], to inode: InodeNumber, at offset: Int64 = 0, truncates: Bool = false
    ) async throws(StrataError) -> FileAttributes {
        try await translating {
            try await write(Int64(bytes.count), to: inode, at: offset, truncates: truncates) { consume in
                if !bytes.isEmpty { try await consume(bytes[...]) }
            }
        }
    }

    /// Changes what `change` names.
    ///
    /// - Throws: `stale_inode`, `is_a_directory` and `wrong_file_kind` (a size for what has none), `file_too_large`.
    @discardableResult
    public func setAttributes(
        of inode: InodeNumber, _ change: FileAttributesChange
    ) async throws(StrataError) -> FileAttributes {
        try await translating {
            try requireWritable()
            guard let size = change.sizeBytes else {
                return try await made(
                    .setAttributes(
                        inode: inode.rawValue, mode: change.mode, accessedAtNanoseconds: change.accessedAtNanoseconds,
                        modifiedAtNanoseconds: change.modifiedAtNanoseconds))
            }
            guard size >= 0 else { throw StrataError.invalidParameter("size", "a file cannot have \(size) bytes; the least is 0") }
            let edit = Edit(start: { _ in size }, resume: { $0 }, attributes: change, tooLarge: .fileTooLarge)
            _ = try await splice(inode, edit, dataSizeBytes: 0)
            return try await writeCollected([], to: inode, edit)
        }
    }

    // MARK: -

    private func writeCollected(_ bytes: [UInt8], to inode: InodeNumber, _ edit: Edit) async throws -> FileAttributes {
        try await store.fileTurns.taking(turn(inode)) {
            var attempt = 1
            while true {
                do {
                    return try await store.holdingHorizon { horizon in
                        let splice = try await splice(inode, edit, dataSizeBytes: Int64(bytes.count))
                        let session = try session(horizon, isInline: splice.sizeBytes <= store.options.ingest.inlineBytesMax)
                        return try await commit(splice, .collected(bytes), inode, edit, session)
                    }
                } catch let error as StrataError where error.code == .conflict && attempt < Self.attemptsMax {
                    attempt += 1
                }
            }
        }
    }

    private func writeLarge(
        _ sizeBytes: Int64, to inode: InodeNumber, _ edit: Edit,
        _ produce: (_ consume: (ArraySlice<UInt8>) async throws -> Void) async throws -> Void
    ) async throws -> FileAttributes {
        try await store.holdingHorizon { horizon in
            let session = try session(horizon, isInline: false)
            let data: NewData
            do {
                let writer = session.beginValue(number: 0, base: nil)
                try await produce { try await writer.write($0) }
                try Self.require(writer.sizeBytes, sizeBytes)
                data = .ingested(try await writer.finish(), sizeBytes: sizeBytes)
            } catch {
                await session.abandon()
                throw error
            }
            return try await store.fileTurns.taking(turn(inode)) {
                let splice: FileSplice
                do {
                    splice = try await self.splice(inode, edit, dataSizeBytes: sizeBytes)
                } catch {
                    await session.abandon()
                    throw error
                }
                return try await commit(splice, data, inode, edit, session)
            }
        }
    }

    private func turn(_ inode: InodeNumber) -> FileTurns.File { FileTurns.File(model: model, inode: inode) }

    private static func require(_ given: Int64, _ announced: Int64) throws(StrataError) {
        guard given == announced else {
            throw .invalidParameter("data", "\(given) bytes came where \(announced) were announced; write again")
        }
    }

    private func session(_ horizon: Int64, isInline: Bool) throws -> IngestSession {
        // A part of a content that consists of chunks must be a chunk.
        try store.ingestSession(horizon: horizon, keepsInline: isInline)
    }

    /// What a change comes to for the content that the file has now.
    private func splice(_ inode: InodeNumber, _ edit: Edit, dataSizeBytes: Int64) async throws -> FileSplice {
        let (file, room) = try await catalog.writableFile(inode.rawValue, ofModel: model.rawValue)
        let splice = FileSplice(
            base: file.value, oldSizeBytes: file.sizeBytes, start: edit.start(file.sizeBytes), newSizeBytesOfData: dataSizeBytes,
            resume: edit.resume(file.sizeBytes))
        guard splice.sizeBytes - file.sizeBytes <= max(0, room.freeBytes) else {
            throw StrataError(
                edit.tooLarge,
                "the file with inode \(inode) would have \(splice.sizeBytes) bytes; the file system of \(room.sizeBytes >> 20) MiB has "
                    + "\(max(0, room.freeBytes)) left; enlarge it or remove some files",
                context: ["modelId": model.rawValue, "inode": "\(inode)"])
        }
        return splice
    }

    private func commit(
        _ splice: FileSplice, _ data: NewData, _ inode: InodeNumber, _ edit: Edit, _ session: IngestSession
    ) async throws -> FileAttributes {
        let (content, packs): (IngestedValue?, [SealedPack])
        do {
            (content, packs) = try await self.content(splice, data, session)
        } catch {
            await session.abandon()
            throw error
        }
        var row: InodeRow?
        try await store.commit(session) {
            row = try await catalog.commitContent(
                ContentCommit(
                    modelID: model.rawValue, inode: inode.rawValue, base: splice.base, content: content, packs: packs,
                    mode: edit.attributes.mode, accessedAtNanoseconds: edit.attributes.accessedAtNanoseconds,
                    modifiedAtNanoseconds: edit.attributes.modifiedAtNanoseconds,
                    nowNanoseconds: Clock.milliseconds() * 1_000_000))
        }
        guard let row else { preconditionFailure("a change of a content tells of its inode") }
        return FileAttributes(row)
    }

    private func content(
        _ splice: FileSplice, _ data: NewData, _ session: IngestSession
    ) async throws -> (IngestedValue?, [SealedPack]) {
        var entries: [ChunkListEntry] = []
        if let base = splice.base {
            entries = try await catalog.chunkList(value: base, overlapping: 0..<splice.oldSizeBytes).flatMap(\.entries)
        }
        let plan = splice.plan(entries)
        let finished: [ValueWriter.Finished]
        switch data {
        case .collected(let bytes):
            let writer = session.beginValue(number: 0, base: nil)
            try await writeHead(plan, of: splice.base, to: writer)
            try await writer.write(bytes)
            try await copy(plan.tail, of: splice.base, to: writer)
            finished = [try await writer.finish()]
        case .ingested(let value, _):
            let head = session.beginValue(number: 1, base: nil)
            try await writeHead(plan, of: splice.base, to: head)
            let finishedHead = try await head.finish()
            let tail = session.beginValue(number: 2, base: nil)
            try await copy(plan.tail, of: splice.base, to: tail)
            finished = [value, finishedHead, try await tail.finish()]
        }
        let (packs, values) = try await session.finish(values: finished) { _ in [] }
        guard splice.sizeBytes > 0 else { return (nil, packs) }
        if case .inline = values[0].content, values.count == 1, splice.sizeBytes == values[0].sizeBytes { return (values[0], packs) }
        let order = values.count == 1 ? [0] : [1, 0, 2]
        let pieces = try await kept(plan.before) + order.flatMap { values[$0].pieces } + kept(plan.behind)
        return (IngestedValue(pieces: pieces), packs)
    }

    private func writeHead(_ plan: FileSplice.Plan, of base: ValueID?, to writer: ValueWriter) async throws {
        try await copy(plan.head, of: base, to: writer)
        let zeros = [UInt8](repeating: 0, count: Int(min(plan.zeroBytes, 1 << 20)))
        var left = plan.zeroBytes
        while left > 0 {
            let piece = zeros.prefix(Int(min(left, Int64(zeros.count))))
            try await writer.write(piece)
            left -= Int64(piece.count)
        }
    }

    private func copy(_ range: Range<Int64>, of base: ValueID?, to writer: ValueWriter) async throws {
        guard let base, !range.isEmpty else { return }
        try await ValueSource(id: base, catalog: catalog, reader: store.reader).read(range) { try await writer.write($0) }
    }

    /// Chunks of the old content as pieces of the new one.
    private func kept(_ entries: [ChunkListEntry]) async throws -> [ValuePiece] {
        guard !entries.isEmpty else { return [] }
        let places = try await catalog.locate(Array(Set(entries.map(\.id))))
        return try entries.map { entry in
            guard let place = places[entry.id], place.rawBytes == entry.rawBytes else {
                throw ContentError(.corrupted, "chunk number \(entry.id.rawValue) of a chunk list is not in the catalog; run `strata verify`")
            }
            return ValuePiece(digest: place.digest, rawBytes: entry.rawBytes, known: entry.id)
        }
    }
}
