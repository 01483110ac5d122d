import DecthingsAPI
import Strata

extension APIService {
    /// The methods of the FS API.
    func performFiles(_ call: Call, _ sink: any AnswerSink) async throws {
        do {
            switch call.method {
            case .fsLookup, .fsGetattr, .fsRead, .fsReadlink, .fsReaddir: try await readFiles(call, sink)
            case .fsMknod where FSWriteParams.isMisnamedWrite(call.params, blobCount: call.blobs.sizesBytes.count):
                try await writeFile(call, sink)
            case .fsWrite: try await writeFile(call, sink)
            default: try await changeFiles(call, sink)
            }
        } catch let error as StrataError {
            throw APIError(file: error)
        }
    }

    private func readFiles(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .fsLookup:
            let params = try call.params(as: FSEntryParams.self)
            let files = try await files(params.modelId, snapshot: params.snapshotId, for: call)
            try await sink.answer(FSInodeResult(try await files.lookUp(params.name.bytes, in: InodeNumber(params.parent))))
        case .fsGetattr:
            let params = try call.params(as: FSInodeParams.self)
            let files = try await files(params.modelId, snapshot: params.snapshotId, for: call)
            try await sink.answer(FSStatResult(stat: FSStat(try await files.attributes(of: InodeNumber(params.inode)))))
        case .fsRead: try await readFile(call, sink)
        case .fsReadlink:
            let params = try call.params(as: FSInodeParams.self)
            let files = try await files(params.modelId, snapshot: params.snapshotId, for: call)
            try await sink.answer(EmptyResult(), blobs: [try await files.target(of: InodeNumber(params.inode))])
        default:
            let params = try call.params(as: FSInodeParams.self)
            let files = try await files(params.modelId, snapshot: params.snapshotId, for: call)
            let entries = try await files.entries(of: InodeNumber(params.inode)).map { entry in
                FSReaddirResult.Entry(
                    basename: Base64Bytes(entry.name), filetype: entry.mode & FSStat.typeMask, ino: UInt64(entry.inode.rawValue))
            }
            try await sink.answer(FSReaddirResult(entries: entries))
        }
    }

    /// The most bytes that one read answers.
    static let readBytesMax: Int64 = 16 << 20

    private func readFile(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSReadParams.self)
        let files = try await files(params.modelId, snapshot: params.snapshotId, for: call)
        let start = Int64(clamping: params.offset)
        let count = min(Int64(clamping: params.count), Self.readBytesMax)
        let range = start..<start + min(count, Int64.max - start)
        try await files.read(InodeNumber(params.inode), in: range) { size in
            try await sink.begin(Envelope(result: EmptyResult()), blobSizesBytes: [Int(size)])
        } _: { piece in
            try await sink.write(piece)
        }
    }

    /// Also for a write that came as `mknod`.
    private func writeFile(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSWriteParams.self)
        let files = try await ownFiles(params.modelId, for: call)
        try call.blobs.require(count: 1)
        let size = Int64(call.blobs.sizesBytes[0])
        let truncates = params.truncate ?? false
        let offset = truncates ? 0 : Int64(clamping: params.offset)
        guard !offset.addingReportingOverflow(size).overflow else { throw APIError(.noSpace) }
        try await files.write(size, to: InodeNumber(params.inode), at: offset, truncates: truncates) { consume in
            try await call.blobs.read(0, consume)
        }
        try await sink.answer(FSWriteResult(bytesWritten: UInt64(size)))
    }

    /// The files that a caller may read.
    private func files(_ id: String, snapshot: String?, for call: Call) async throws -> FileSystem {
        let model = try await model(id, for: call)
        guard let snapshot else { return store.fileSystem(of: model.id) }
        guard let snapshotID = SnapshotID(rawValue: snapshot) else { throw APIError(.snapshotNotFound) }
        return store.fileSystem(of: model.id, snapshot: snapshotID)
    }

    /// The files that a caller may change.
    func ownFiles(_ id: String, for call: Call) async throws -> FileSystem {
        store.fileSystem(of: try await model(id, for: call, needing: .readwrite).id)
    }
}
