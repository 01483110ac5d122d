import DecthingsAPI
import Strata

extension APIService {
    /// The methods that change files, `write` excepted.
    func changeFiles(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .fsSetattr: try await setAttributes(call, sink)
        case .fsMknod: try await makeNode(call, sink)
        case .fsMkdir:
            let params = try call.params(as: FSMkdirParams.self)
            let made = try await ownFiles(params.modelId, for: call)
                .makeDirectory(params.name.bytes, in: InodeNumber(params.parent), mode: params.mode)
            try await sink.answer(FSInodeResult(made))
        case .fsSymlink:
            let params = try call.params(as: FSSymlinkParams.self)
            let made = try await ownFiles(params.modelId, for: call)
                .makeSymlink(params.name.bytes, in: InodeNumber(params.parent), target: params.link.bytes)
            try await sink.answer(FSInodeResult(made))
        case .fsUnlink, .fsRmdir, .fsRmdirAll: try await removeEntry(call, sink)
        case .fsRename: try await rename(call, sink)
        case .fsLink:
            let params = try call.params(as: FSLinkParams.self)
            let linked = try await ownFiles(params.modelId, for: call)
                .link(InodeNumber(params.inode), as: params.newname.bytes, in: InodeNumber(params.newparent))
            try await sink.answer(FSStatResult(stat: FSStat(linked)))
        case .fsCopy:
            let params = try call.params(as: FSLinkParams.self)
            try await ownFiles(params.modelId, for: call)
                .copy(InodeNumber(params.inode), as: params.newname.bytes, in: InodeNumber(params.newparent))
            try await sink.answer(EmptyResult())
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }

    private func setAttributes(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSSetattrParams.self)
        let files = try await ownFiles(params.modelId, for: call)
        let change = FileAttributesChange(
            mode: params.mode, sizeBytes: params.size.map { Int64(clamping: $0) },
            accessedAtNanoseconds: try params.atime.map { try Self.nanoseconds($0, "atime") },
            modifiedAtNanoseconds: try params.mtime.map { try Self.nanoseconds($0, "mtime") })
        let changed: FileAttributes
        do {
            changed = try await files.setAttributes(of: InodeNumber(params.inode), change)
        } catch {
            guard error.code == .wrongFileKind else { throw error }
            throw APIError.invalidParameter("size", error.message)
        }
        try await sink.answer(FSStatResult(stat: FSStat(changed)))
    }

    private static func nanoseconds(_ time: FSTime, _ parameter: String) throws(APIError) -> Int64 {
        let (seconds, overflow) = time.sec.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = seconds.addingReportingOverflow(Int64(time.nsec))
        guard !overflow, !carried, time.nsec < 1_000_000_000 else {
            throw .invalidParameter(
                parameter, "\(time.sec) s and \(time.nsec) ns is no time between the years 1678 and 2262 with less than a second of nanoseconds")
        }
        return sum
    }

    private func makeNode(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSMknodParams.self)
        let files = try await ownFiles(params.modelId, for: call)
        guard [0, FSStat.regularType].contains(params.mode & FSStat.typeMask) else {
            throw APIError.invalidParameter("mode", "only regular files are made here; use mkdir or symlink for the other kinds, devices are none")
        }
        let made = try await files.makeFile(params.name.bytes, in: InodeNumber(params.parent), mode: params.mode)
        try await sink.answer(FSInodeResult(made))
    }

    private func removeEntry(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSEntryParams.self)
        let files = try await ownFiles(params.modelId, for: call)
        let (name, parent) = (params.name.bytes, InodeNumber(params.parent))
        switch call.method {
        case .fsUnlink: try await files.unlink(name, in: parent)
        case .fsRmdir: try await files.removeDirectory(name, in: parent)
        default: try await files.removeDirectory(name, in: parent, recursively: true)
        }
        try await sink.answer(EmptyResult())
    }

    private func rename(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: FSRenameParams.self)
        let files = try await ownFiles(params.modelId, for: call)
        let flags = params.flags ?? 0
        guard flags <= 1 else {
            throw APIError.invalidParameter("flags", "the flags \(flags) are not known; 0 replaces what is there, 1 does not")
        }
        do {
            try await files.rename(
                params.name.bytes, in: InodeNumber(params.parent), to: params.newname.bytes, in: InodeNumber(params.newparent),
                replaces: flags == 0)
        } catch {
            guard error.code == .conflict else { throw error }
            throw APIError.invalidParameter("newparent", error.message)
        }
        try await sink.answer(EmptyResult())
    }
}
