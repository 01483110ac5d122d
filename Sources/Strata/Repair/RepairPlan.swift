import ContentStore
import Foundation

/// What a repair does to the store's folder once everything new is durable: files change places, nothing is removed.
///
/// Written down before the first move. From then on a repair that was cut off is carried on by the next, and until then the
/// store does not open for writing.
struct RepairPlan: Codable {
    struct Move: Codable {
        /// Below the store's folder.
        var from: String
        var to: String
        /// The move is left out once this file is gone: what it made room for is in place.
        var whileThereIs: String?
    }

    var moves: [Move] = []

    static let name = "plan"
    /// Some 200 bytes a pack that is put aside.
    static let sizeMaxBytes: Int64 = 256 << 20

    static func path(in layout: StoreLayout) -> String { layout.repairFolder + "/" + name }

    static func load(_ layout: StoreLayout, _ disk: any StoreDisk) throws -> RepairPlan? {
        let path = path(in: layout)
        guard let size = try disk.status(path)?.sizeBytes else { return nil }
        guard size <= sizeMaxBytes else { throw unreadable(path) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let file = try disk.open(path, .read)
        let count = try bytes.withUnsafeMutableBytes { buffer in
            try Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }.get()
        }
        guard let plan = try? JSONDecoder().decode(RepairPlan.self, from: Data(bytes.prefix(count))) else { throw unreadable(path) }
        for place in plan.moves.flatMap({ [$0.from, $0.to, $0.whileThereIs ?? "format"] }) where !isBelowTheStore(place) {
            throw StrataError(
                .corrupted, "the plan `\(path)` of a repair that was cut off names `\(place)`, which is no path below the store's folder; move the plan away and repair again",
                context: ["path": path])
        }
        return plan
    }

    private static func unreadable(_ path: String) -> StrataError {
        StrataError(
            .corrupted, "the plan `\(path)` of a repair that was cut off cannot be read; move it away and repair again",
            context: ["path": path])
    }

    /// A plan is a file like any other, and a repair often runs with more rights than who could write to the store.
    private static func isBelowTheStore(_ path: String) -> Bool {
        !path.utf8.contains(0) && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
    }

    /// Makes the plan durable: the repair's point of no return.
    func commit(_ layout: StoreLayout, _ disk: any StoreDisk) throws {
        let path = Self.path(in: layout)
        try disk.remove(path + ".new")
        let file = try disk.open(path + ".new", .create)
        let bytes = Array(JSON.encode(self).utf8)
        try bytes.withUnsafeBytes { buffer in try Result { () throws(ContentError) in try file.write(buffer, at: 0) }.get() }
        try file.sync()
        try disk.rename(path + ".new", to: path)
        try disk.syncDirectory(layout.repairFolder)
        try disk.syncDirectory(layout.root)
    }

    /// Makes the moves that were not made yet.
    func carryOut(_ layout: StoreLayout, _ disk: any StoreDisk) throws {
        var folders: Set<String> = []
        for move in moves {
            if let condition = move.whileThereIs, try disk.status(layout.root + "/" + condition) == nil { continue }
            guard try disk.status(layout.root + "/" + move.from) != nil else { continue }
            let target = layout.root + "/" + move.to
            for folder in Self.parents(of: target, below: layout.root) {
                try disk.createDirectory(folder)
                folders.insert(folder)
            }
            try disk.rename(layout.root + "/" + move.from, to: target)
            folders.insert(((layout.root + "/" + move.from) as NSString).deletingLastPathComponent)
            // What was moved aside is durable there before something takes its place.
            if move.whileThereIs != nil { try disk.syncDirectory((target as NSString).deletingLastPathComponent) }
        }
        for folder in folders.sorted(by: { $0.count > $1.count }) where try disk.status(folder) != nil { try disk.syncDirectory(folder) }
        try disk.syncDirectory(layout.root)
        try disk.remove(Self.path(in: layout))
        try disk.syncDirectory(layout.repairFolder)
    }

    private static func parents(of path: String, below root: String) -> [String] {
        var folders: [String] = []
        var folder = (path as NSString).deletingLastPathComponent
        while folder.count > root.count {
            folders.insert(folder, at: 0)
            folder = (folder as NSString).deletingLastPathComponent
        }
        return folders
    }
}
