/// What control groups can limit or count.
enum GroupController: String, Sendable, CaseIterable {
    case memory, cpu, pids
    /// Version 1 counts processor time in a hierarchy of its own; version 2 counts it always.
    case cpuacct
}

/// A tree of control groups that is mounted here.
struct ControlGroupHierarchy: Sendable, Hashable {
    enum Version: Int, Sendable {
        case one = 1
        case two = 2
    }

    let version: Version
    /// Of version 1: those that are mounted together here. Of version 2 each group tells its own.
    let controllers: Set<GroupController>
    let mountPoint: String
    /// The folder of the group that this host is in.
    let folder: String

    /// Those that this process sees. Blocks.
    static func all() -> [ControlGroupHierarchy] {
        parse(mounts: SmallFile.text("/proc/self/mountinfo", bytesMax: 8 << 20), groups: SmallFile.text("/proc/self/cgroup"))
    }

    /// - Parameters:
    ///   - mounts: what `/proc/self/mountinfo` holds.
    ///   - groups: what `/proc/self/cgroup` holds.
    static func parse(mounts: String, groups: String) -> [ControlGroupHierarchy] {
        var found: [ControlGroupHierarchy] = []
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { continue }
            let type = fields[dash + 1]
            let options = fields[dash + 3].split(separator: ",")
            let root = String(fields[3]), mountPoint = String(fields[4])
            guard type == "cgroup" || type == "cgroup2", !found.contains(where: { $0.mountPoint == mountPoint }) else { continue }
            let controllers = Set(options.compactMap { GroupController(rawValue: String($0)) })
            if type == "cgroup" && controllers.isEmpty { continue }
            let path = ownGroup(groups, type == "cgroup" ? controllers : [])
            guard let path else { continue }
            found.append(
                ControlGroupHierarchy(
                    version: type == "cgroup" ? .one : .two, controllers: controllers, mountPoint: mountPoint,
                    folder: mountPoint + below(root, path)))
        }
        return found
    }

    /// The path in a line such as `4:memory:/a/b`; without controllers that of version 2, `0::/a/b`.
    private static func ownGroup(_ groups: String, _ controllers: Set<GroupController>) -> String? {
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let listed = Set(parts[1].split(separator: ",").compactMap { GroupController(rawValue: String($0)) })
            if controllers.isEmpty ? parts[0] == "0" && parts[1].isEmpty : !listed.isDisjoint(with: controllers) {
                return String(parts[2])
            }
        }
        return nil
    }

    /// A mount may show a part of the tree only, and name groups outside of it by `..`.
    private static func below(_ root: String, _ path: String) -> String {
        if path.contains("..") || path == "/" || path == root { return "" }
        if root == "/" { return path }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : ""
    }
}
