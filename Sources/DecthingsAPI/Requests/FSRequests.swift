/// Params of `getattr`, `readlink` and `readdir`.
public struct FSInodeParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var inode: UInt64
    public var snapshotId: String?

    public init(modelId: String, inode: UInt64, snapshotId: String? = nil) {
        self.modelId = modelId
        self.inode = inode
        self.snapshotId = snapshotId
    }
}

/// Params of `lookup`, `unlink`, `rmdir` and `rmdirAll`.
public struct FSEntryParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var parent: UInt64
    public var name: FSName
    /// `lookup` only.
    public var snapshotId: String?

    public init(modelId: String, parent: UInt64, name: FSName, snapshotId: String? = nil) {
        self.modelId = modelId
        self.parent = parent
        self.name = name
        self.snapshotId = snapshotId
    }
}

/// A point in time with nanoseconds.
public struct FSTime: Sendable, Hashable, Codable {
    /// Seconds since 1970.
    public var sec: Int64
    /// 0 to 999999999.
    public var nsec: UInt32

    public init(sec: Int64, nsec: UInt32) {
        self.sec = sec
        self.nsec = nsec
    }
}

/// Params of `setattr`; only given fields change.
public struct FSSetattrParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var inode: UInt64
    public var mode: UInt32?
    public var size: UInt64?
    public var atime: FSTime?
    public var mtime: FSTime?

    public init(
        modelId: String, inode: UInt64, mode: UInt32? = nil, size: UInt64? = nil, atime: FSTime? = nil,
        mtime: FSTime? = nil
    ) {
        self.modelId = modelId
        self.inode = inode
        self.mode = mode
        self.size = size
        self.atime = atime
        self.mtime = mtime
    }
}

/// Params of `mknod`.
public struct FSMknodParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var parent: UInt64
    public var name: FSName
    /// `st_mode` bits; a regular file when the type bits are 0 or those of one.
    public var mode: UInt32
    public var dev: UInt64

    public init(modelId: String, parent: UInt64, name: FSName, mode: UInt32, dev: UInt64) {
        self.modelId = modelId
        self.parent = parent
        self.name = name
        self.mode = mode
        self.dev = dev
    }
}

/// Params of `mkdir`.
public struct FSMkdirParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var parent: UInt64
    public var name: FSName
    public var mode: UInt32

    public init(modelId: String, parent: UInt64, name: FSName, mode: UInt32) {
        self.modelId = modelId
        self.parent = parent
        self.name = name
        self.mode = mode
    }
}

/// Params of `read`.
public struct FSReadParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var inode: UInt64
    public var offset: UInt64
    public var count: UInt64
    public var snapshotId: String?

    public init(modelId: String, inode: UInt64, offset: UInt64, count: UInt64, snapshotId: String? = nil) {
        self.modelId = modelId
        self.inode = inode
        self.offset = offset
        self.count = count
        self.snapshotId = snapshotId
    }
}

/// Params of `write`; one blob.
public struct FSWriteParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var inode: UInt64
    public var offset: UInt64
    /// True: the file becomes exactly the data and `offset` is ignored.
    public var truncate: Bool?

    public init(modelId: String, inode: UInt64, offset: UInt64, truncate: Bool? = nil) {
        self.modelId = modelId
        self.inode = inode
        self.offset = offset
        self.truncate = truncate
    }

    /// True for a call of `FS/mknod` that is a write: the Python client posts its writes there.
    public static func isMisnamedWrite(_ params: JSONValue, blobCount: Int) -> Bool {
        blobCount == 1 && params["inode"] != nil && params["name"] == nil
    }
}

/// Params of `symlink`.
public struct FSSymlinkParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var parent: UInt64
    public var name: FSName
    /// The target, stored as given.
    public var link: Base64Bytes

    public init(modelId: String, parent: UInt64, name: FSName, link: Base64Bytes) {
        self.modelId = modelId
        self.parent = parent
        self.name = name
        self.link = link
    }
}

/// Params of `rename`.
public struct FSRenameParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var parent: UInt64
    public var name: FSName
    public var newparent: UInt64
    public var newname: FSName
    /// 0 or absent: replace; 1: fail when the target exists; others are refused.
    public var flags: UInt32?

    public init(
        modelId: String, parent: UInt64, name: FSName, newparent: UInt64, newname: FSName, flags: UInt32? = nil
    ) {
        self.modelId = modelId
        self.parent = parent
        self.name = name
        self.newparent = newparent
        self.newname = newname
        self.flags = flags
    }
}

/// Params of `link` and `copy`.
public struct FSLinkParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var inode: UInt64
    public var newparent: UInt64
    public var newname: FSName

    public init(modelId: String, inode: UInt64, newparent: UInt64, newname: FSName) {
        self.modelId = modelId
        self.inode = inode
        self.newparent = newparent
        self.newname = newname
    }
}
