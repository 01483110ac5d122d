import DecthingsAPI
import Strata

/// Files in the API's words.

extension InodeNumber {
    /// Numbers beyond the store's are those of no inode.
    init(_ number: UInt64) { self.init(rawValue: Int64(clamping: number)) }
}

extension FSStat {
    /// The type bits of a mode.
    static let typeMask: UInt32 = 0o170000
    static let regularType: UInt32 = 0o100000
    private static let blockBytes: UInt64 = 4096

    init(_ file: FileAttributes) {
        let size = UInt64(max(0, file.sizeBytes))
        self.init(
            mode: file.mode, nlink: UInt64(max(0, file.linkCount)), rdev: 0, size: size, blksize: Self.blockBytes,
            // Units of 512 bytes, as many as whole blocks have.
            blocks: (size / Self.blockBytes + (size % Self.blockBytes == 0 ? 0 : 1)) * (Self.blockBytes / 512),
            atime: FSTime(nanoseconds: file.accessedAtNanoseconds), mtime: FSTime(nanoseconds: file.modifiedAtNanoseconds),
            ctime: FSTime(nanoseconds: file.changedAtNanoseconds))
    }
}

extension FSTime {
    init(nanoseconds: Int64) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(sec: rest < 0 ? seconds - 1 : seconds, nsec: UInt32(rest < 0 ? rest + 1_000_000_000 : rest))
    }
}

extension FSInodeResult {
    init(_ file: FileAttributes) {
        self.init(inode: UInt64(file.inode.rawValue), stat: FSStat(file))
    }
}

extension APIError {
    /// What the store refuses to do with files, in the words of `errno`.
    init(file error: StrataError) {
        let code: APIErrorCode? =
            switch error.code {
            case .staleInode: .staleInode
            case .fileNotFound: .noEntry
            case .notADirectory: .notDirectory
            case .isADirectory: .isDirectory
            case .fileAlreadyExists: .exists
            case .directoryNotEmpty: .notEmpty
            case .notEnoughSpace, .noSpace: .noSpace
            case .fileTooLarge: .fileTooLarge
            case .notPermitted: .notPermitted
            case .wrongFileKind: .invalidArgument
            // The model's code went with the snapshot; methods of files have no other word for that.
            case .snapshotNoLongerExists: .snapshotNotFound
            default: nil
            }
        self = code.map { APIError($0) } ?? APIError(error)
    }
}
