/// Attributes of an inode. The nanosecond parts are sent in both spellings that clients read.
public struct FSStat: Sendable, Hashable, Codable {
    /// `st_mode` with type bits.
    public var mode: UInt32
    public var nlink: UInt64
    public var rdev: UInt64
    /// Bytes.
    public var size: UInt64
    /// Bytes.
    public var blksize: UInt64
    /// Units of 512 bytes.
    public var blocks: UInt64
    public var atime: FSTime
    public var mtime: FSTime
    public var ctime: FSTime

    public init(
        mode: UInt32, nlink: UInt64, rdev: UInt64, size: UInt64, blksize: UInt64, blocks: UInt64, atime: FSTime,
        mtime: FSTime, ctime: FSTime
    ) {
        self.mode = mode
        self.nlink = nlink
        self.rdev = rdev
        self.size = size
        self.blksize = blksize
        self.blocks = blocks
        self.atime = atime
        self.mtime = mtime
        self.ctime = ctime
    }

    private enum CodingKeys: String, CodingKey {
        case mode, nlink, rdev, size, blksize, blocks, atime, mtime, ctime
        case atimeNsec, mtimeNsec, ctimeNsec
        case snakeAtimeNsec = "atime_nsec"
        case snakeMtimeNsec = "mtime_nsec"
        case snakeCtimeNsec = "ctime_nsec"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mode = try container.decode(UInt32.self, forKey: .mode)
        nlink = try container.decode(UInt64.self, forKey: .nlink)
        rdev = try container.decode(UInt64.self, forKey: .rdev)
        size = try container.decode(UInt64.self, forKey: .size)
        blksize = try container.decode(UInt64.self, forKey: .blksize)
        blocks = try container.decode(UInt64.self, forKey: .blocks)
        func time(_ key: CodingKeys, _ nanoseconds: CodingKeys) throws -> FSTime {
            FSTime(
                sec: try container.decode(Int64.self, forKey: key),
                nsec: try container.decode(UInt32.self, forKey: nanoseconds))
        }
        atime = try time(.atime, .atimeNsec)
        mtime = try time(.mtime, .mtimeNsec)
        ctime = try time(.ctime, .ctimeNsec)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mode, forKey: .mode)
        try container.encode(nlink, forKey: .nlink)
        try container.encode(rdev, forKey: .rdev)
        try container.encode(size, forKey: .size)
        try container.encode(blksize, forKey: .blksize)
        try container.encode(blocks, forKey: .blocks)
        let times: [(FSTime, CodingKeys, CodingKeys, CodingKeys)] = [
            (atime, .atime, .atimeNsec, .snakeAtimeNsec), (mtime, .mtime, .mtimeNsec, .snakeMtimeNsec),
            (ctime, .ctime, .ctimeNsec, .snakeCtimeNsec),
        ]
        for (time, seconds, nanoseconds, snakeNanoseconds) in times {
            try container.encode(time.sec, forKey: seconds)
            try container.encode(time.nsec, forKey: nanoseconds)
            try container.encode(time.nsec, forKey: snakeNanoseconds)
        }
    }
}

/// Result of `lookup`, `mknod`, `symlink` and `mkdir`.
public struct FSInodeResult: Sendable, Hashable, Codable {
    public var inode: UInt64
    public var stat: FSStat

    public init(inode: UInt64, stat: FSStat) {
        self.inode = inode
        self.stat = stat
    }
}

/// Result of `getattr`, `setattr` and `link`.
public struct FSStatResult: Sendable, Hashable, Codable {
    public var stat: FSStat

    public init(stat: FSStat) {
        self.stat = stat
    }
}

/// Result of `write`.
public struct FSWriteResult: Sendable, Hashable, Codable {
    public var bytesWritten: UInt64

    public init(bytesWritten: UInt64) {
        self.bytesWritten = bytesWritten
    }
}

/// Result of `readdir`, without `.` and `..`.
public struct FSReaddirResult: Sendable, Hashable, Codable {
    public struct Entry: Sendable, Hashable, Codable {
        public var basename: Base64Bytes
        /// Type bits of a mode, such as 0o040000.
        public var filetype: UInt32
        public var ino: UInt64

        public init(basename: Base64Bytes, filetype: UInt32, ino: UInt64) {
            self.basename = basename
            self.filetype = filetype
            self.ino = ino
        }
    }

    public var entries: [Entry]

    public init(entries: [Entry]) {
        self.entries = entries
    }
}
