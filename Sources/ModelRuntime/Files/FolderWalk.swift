import Glibc

/// Goes through all that lies below a folder, by descriptors and single names: a path may be longer than the kernel takes,
/// and names may be no UTF-8. Links are not followed.
///
/// Holds a bounded number of descriptors, however deep it gets. What is moved away meanwhile is not followed.
struct FolderWalk {
    /// A name as the kernel has it, with its zero byte.
    typealias Name = [CChar]

    private struct Identity: Equatable {
        let device: UInt
        let number: UInt

        init?(_ descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return nil }
            device = UInt(status.st_dev)
            number = UInt(status.st_ino)
        }
    }

    private struct Level {
        /// Empty for the root.
        let name: Name
        let identity: Identity
        /// Closed where this is deep and not the lowest.
        var descriptor: Int32?
        /// Folders in it that are still to be visited.
        var folders: [Name] = []
    }

    /// So many folders from the root on stay open while those below are visited.
    private static let openLevelsMax = 16

    private var levels: [Level] = []
    /// The number of the first error, 0 when there was none.
    private(set) var problem: Int32 = 0

    /// Visits everything below `path`, a folder's content before it is left. Blocks.
    ///
    /// - Parameters:
    ///   - opensClosed: folders that their owner closed to itself are opened, as removing needs it.
    ///   - visit: gets the folder's descriptor, its depth below `path`, and an entry's name; answers whether to go into it,
    ///     or the number of an error.
    ///   - leave: gets the folder above and the name of one that was visited to its end; answers 0 or the number of an error.
    /// - Returns: the number of the first error, 0 when there was none. The rest is visited nevertheless.
    static func run(
        _ path: String, opensClosed: Bool = false, visit: (Int32, Int, Name) -> Step,
        leave: (Int32, Name) -> Int32 = { _, _ in 0 }
    ) -> Int32 {
        var walk = FolderWalk()
        defer { for level in walk.levels { if let descriptor = level.descriptor { close(descriptor) } } }
        if opensClosed { chmod(path, 0o700) }
        let root = open(path, folderFlags)
        guard root >= 0 else { return errno }
        walk.push(root, [])
        walk.collect(opensClosed, visit)
        while let deepest = walk.levels.last {
            if let name = deepest.folders.last {
                walk.levels[walk.levels.count - 1].folders.removeLast()
                walk.enter(name, opensClosed, visit)
            } else if walk.levels.count > 1 {
                walk.ascend(leave)
            } else {
                break
            }
        }
        return walk.problem
    }

    /// What to do with an entry.
    enum Step {
        case pass
        case enter
        case failed(Int32)
    }

    private static let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    private mutating func note(_ code: Int32) { if problem == 0 { problem = code } }

    private mutating func push(_ descriptor: Int32, _ name: Name) {
        guard let identity = Identity(descriptor) else {
            note(errno)
            close(descriptor)
            return
        }
        levels.append(Level(name: name, identity: identity, descriptor: descriptor))
    }

    private mutating func enter(_ name: Name, _ opensClosed: Bool, _ visit: (Int32, Int, Name) -> Step) {
        let depth = levels.count
        guard let above = levels[depth - 1].descriptor else { return }
        let folder = Self.openFolder(name, in: above, opensClosed)
        guard folder >= 0 else { return note(errno) }
        push(folder, name)
        guard levels.count > depth else { return }
        if depth > Self.openLevelsMax {
            close(above)
            levels[depth - 1].descriptor = nil
        }
        collect(opensClosed, visit)
    }

    private static func openFolder(_ name: Name, in above: Int32, _ opensClosed: Bool) -> Int32 {
        let folder = openat(above, name, folderFlags)
        guard opensClosed else { return folder }
        if folder >= 0 {
            fchmod(folder, 0o700)
            return folder
        }
        guard errno == EACCES else { return -1 }
        // A descriptor that opens nothing names the folder for sure, where a path could meanwhile be a link.
        let place = openat(above, name, pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard place >= 0 else { return -1 }
        defer { close(place) }
        guard chmod("/proc/self/fd/\(place)", 0o700) == 0 else { return -1 }
        return openat(place, ".", folderFlags)
    }

    /// `O_PATH`, which Swift's module of glibc does not have.
    private static let pathOnly: Int32 = 0o10_000_000

    /// Visits the entries of the deepest level, and keeps those to go into.
    private mutating func collect(_ opensClosed: Bool, _ visit: (Int32, Int, Name) -> Step) {
        guard let descriptor = levels.last?.descriptor else { return }
        for name in Self.names(in: descriptor) {
            switch visit(descriptor, levels.count - 1, name) {
            case .pass: continue
            case .enter: levels[levels.count - 1].folders.append(name)
            case .failed(let code): note(code)
            }
        }
    }

    private mutating func ascend(_ leave: (Int32, Name) -> Int32) {
        let left = levels.removeLast()
        guard let descriptor = left.descriptor, let above = levels.last else { return }
        defer { close(descriptor) }
        if above.descriptor == nil {
            let found = openat(descriptor, "..", Self.folderFlags)
            guard found >= 0, Identity(found) == above.identity else {
                if found >= 0 { close(found) }
                // It was moved away: on with the nearest folder whose place is certain.
                note(ESTALE)
                while levels.last?.descriptor == nil { levels.removeLast() }
                return
            }
            levels[levels.count - 1].descriptor = found
        }
        let code = levels.last?.descriptor.map { leave($0, left.name) } ?? 0
        if code != 0 { note(code) }
    }

    /// Names in a folder, without `.` and `..`.
    private static func names(in descriptor: Int32) -> [Name] {
        let own = openat(descriptor, ".", folderFlags)
        guard own >= 0 else { return [] }
        guard let folder = fdopendir(own) else {
            close(own)
            return []
        }
        defer { closedir(folder) }
        var names: [Name] = []
        while let name = SmallFile.nextName(in: folder) {
            let bytes = Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
            if bytes != [46, 0] && bytes != [46, 46, 0] { names.append(bytes) }
        }
        return names
    }
}

extension FolderWalk {
    /// Removes everything below `path` but entries of `path` itself with the name `kept`. Blocks.
    ///
    /// - Returns: the number of the first error, 0 when all is gone.
    static func removeContent(of path: String, keeping kept: String? = nil) -> Int32 {
        let kept = kept.map { Array($0.utf8CString) }
        return run(path, opensClosed: true) { folder, depth, name in
            if depth == 0, name == kept { return .pass }
            if unlinkat(folder, name, 0) == 0 { return .pass }
            // The first is Linux's answer for a folder, the second that of POSIX.
            return errno == EISDIR || errno == EPERM ? .enter : .failed(errno)
        } leave: { folder, name in
            unlinkat(folder, name, removesFolder) == 0 ? 0 : errno
        }
    }

    /// `AT_REMOVEDIR`.
    private static let removesFolder: Int32 = 0x200
}
