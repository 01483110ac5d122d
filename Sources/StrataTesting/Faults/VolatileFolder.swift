/// A tree of files that knows what of it is durable. Names are relative paths.
struct VolatileFolder {
    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case resize(Int)
    }

    private struct File {
        var durable: [UInt8] = []
        var pending: [Change] = []
    }

    private enum Node: Equatable {
        case folder
        case file(Int)
    }

    /// Names that go and come together.
    private struct NameChange {
        var folder: String
        var removed: String?
        var added: (name: String, node: Node)?
    }

    private var files: [File] = []
    private var names: [String: Node] = [:]
    private var durableNames: [String: Node] = [:]
    private var pendingNames: [NameChange] = []

    init(_ listing: FolderListing) {
        for (name, entry) in listing.entries where !name.hasSuffix("-shm") {
            switch entry.content {
            case .directory: names[name] = .folder
            case .file(let bytes):
                names[name] = .file(files.count)
                files.append(File(durable: bytes))
            case .symlink: continue
            }
        }
        durableNames = names
    }

    mutating func apply(_ operation: DiskOperation, below root: String) {
        guard let name = Self.relative(operation.path, to: root) else { return }
        switch operation.action {
        case .open(creates: true):
            files.append(File())
            change(NameChange(folder: Self.folder(of: name), added: (name, .file(files.count - 1))))
        case .write(let offset, let bytes): withFile(name) { $0.pending.append(.write(offset: Int(offset), bytes: bytes)) }
        case .truncate(let size): withFile(name) { $0.pending.append(.resize(Int(size))) }
        case .sync(let withFolder):
            withFile(name) { file in
                file.durable = Self.all(file)
                file.pending = []
            }
            if withFolder { syncNames(in: Self.folder(of: name)) }
        case .link(let target):
            guard let node = names[name], let target = Self.relative(target, to: root) else { return }
            change(NameChange(folder: Self.folder(of: target), added: (target, node)))
        case .rename(let target):
            guard let node = names[name], let target = Self.relative(target, to: root) else { return }
            change(NameChange(folder: Self.folder(of: target), removed: name, added: (target, node)))
        case .remove(let syncsFolder):
            change(NameChange(folder: Self.folder(of: name), removed: name))
            if syncsFolder { syncNames(in: Self.folder(of: name)) }
        case .createDirectory:
            if names[name] == nil { change(NameChange(folder: Self.folder(of: name), added: (name, .folder))) }
        case .removeDirectory: change(NameChange(folder: Self.folder(of: name), removed: name))
        case .syncDirectory: syncNames(in: name)
        case .open, .read, .list, .status, .lock: return
        }
    }

    private mutating func withFile(_ name: String, _ body: (inout File) -> Void) {
        guard case .file(let number) = names[name] else { return }
        body(&files[number])
    }

    private mutating func change(_ change: NameChange) {
        Self.apply(change, to: &names)
        pendingNames.append(change)
    }

    private mutating func syncNames(in folder: String) {
        for change in pendingNames where change.folder == folder { Self.apply(change, to: &durableNames) }
        pendingNames.removeAll { $0.folder == folder }
    }

    private static func apply(_ change: NameChange, to names: inout [String: Node]) {
        if let removed = change.removed { names[removed] = nil }
        if let added = change.added { names[added.name] = added.node }
    }

    /// What is there after the failure; nil for a folder.
    func survivors(using generator: inout SeededGenerator) -> [String: [UInt8]?] {
        var names = durableNames
        // Seldom half: a system that lost nothing, or everything, is as likely as one between.
        let share = [0.0, 0.5, 0.5, 1.0][Int.random(in: 0..<4, using: &generator)]
        for change in pendingNames where Double.random(in: 0..<1, using: &generator) < share { Self.apply(change, to: &names) }
        var contents: [Int: [UInt8]] = [:]
        var result: [String: [UInt8]?] = [:]
        for (name, node) in names.sorted(by: { $0.key < $1.key }) where Self.isReachable(name, names) {
            switch node {
            case .folder: result[name] = .some(nil)
            case .file(let number):
                let content = contents[number] ?? Self.survivor(of: files[number], using: &generator)
                contents[number] = content
                result[name] = content
            }
        }
        return result
    }

    private static func isReachable(_ name: String, _ names: [String: Node]) -> Bool {
        let folder = folder(of: name)
        return folder.isEmpty || (names[folder] == .folder && isReachable(folder, names))
    }

    private static func all(_ file: File) -> [UInt8] {
        var bytes = file.durable
        for change in file.pending { apply(change, to: &bytes) }
        return bytes
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .resize(let size):
            if size < bytes.count { bytes.removeLast(bytes.count - size) }
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        case .write(let offset, let new):
            let end = offset + new.count
            bytes.append(contentsOf: repeatElement(0, count: max(0, end - bytes.count)))
            bytes.replaceSubrange(offset..<end, with: new)
        }
    }

    /// Each sector as it was after some number of the pending changes, and so the size.
    private static func survivor(of file: File, using generator: inout SeededGenerator) -> [UInt8] {
        guard !file.pending.isEmpty else { return file.durable }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: return file.durable
        case 1: return all(file)
        default: break
        }
        let applied = Int.random(in: 0...file.pending.count, using: &generator)
        var versions: [[UInt8]] = [file.durable]
        // A few moments are enough, and keep the memory small.
        let moments = Set((0..<3).map { _ in Int.random(in: 0...file.pending.count, using: &generator) } + [applied])
        var bytes = file.durable
        var size = bytes.count
        for (number, change) in file.pending.enumerated() {
            apply(change, to: &bytes)
            if moments.contains(number + 1) { versions.append(bytes) }
            if number + 1 == applied { size = bytes.count }
        }
        var result = [UInt8](repeating: 0, count: size)
        for start in stride(from: 0, to: size, by: CrashImage.sectorBytes) {
            let version = versions[Int.random(in: 0..<versions.count, using: &generator)]
            let end = min(start + CrashImage.sectorBytes, size, version.count)
            if start < end { result.replaceSubrange(start..<end, with: version[start..<end]) }
        }
        return result
    }

    private static func relative(_ path: String, to root: String) -> String? {
        if path == root { return "" }
        guard path.hasPrefix(root + "/") else { return nil }
        return String(path.dropFirst(root.count + 1))
    }

    private static func folder(of name: String) -> String {
        name.lastIndex(of: "/").map { String(name[..<$0]) } ?? ""
    }
}
