import Glibc
import Synchronization

/// A group below which this host can make groups for its launchers.
struct ControlGroupPlace: Sendable, Hashable {
    let version: ControlGroupHierarchy.Version
    /// What groups made here limit or count. May be empty in version 2: then they only hold processes together.
    let controllers: Set<GroupController>
    let folder: String
}

/// Where this host can make control groups, and why not elsewhere.
struct ControlGroupPlaces: Sendable {
    let places: [ControlGroupPlace]
    /// Why controllers, or all of them, cannot be used.
    let refusals: [Refusal]

    struct Refusal: Sendable, Hashable {
        /// Empty: all.
        let controllers: Set<GroupController>
        /// A sentence.
        let reason: String
    }

    /// Every controller that can be used.
    var controllers: Set<GroupController> { places.reduce(into: []) { $0.formUnion($1.controllers) } }

    /// Why `controller` cannot be used: sentences.
    func reasons(against controller: GroupController) -> String {
        let about = refusals.filter { $0.controllers.isEmpty || $0.controllers.contains(controller) }.map(\.reason)
        return about.isEmpty ? "the kernel does not offer the controller \(controller.rawValue)" : about.joined(separator: "; ")
    }

    private static let known = Mutex<[String: ControlGroupPlaces]>([:])

    /// Tries each hierarchy once in the life of this process, by putting a process into a group. Blocks.
    ///
    /// - Parameter folder: the group to use in version 2 instead of the host's own.
    static func find(preferring folder: String? = nil) -> ControlGroupPlaces {
        known.withLock { known in
            if let found = known[folder ?? ""] { return found }
            let found = examine(ControlGroupHierarchy.all(), folder)
            known[folder ?? ""] = found
            return found
        }
    }

    private static func examine(_ hierarchies: [ControlGroupHierarchy], _ preferred: String?) -> ControlGroupPlaces {
        var places: [ControlGroupPlace] = []
        var refusals: [Refusal] = []
        for hierarchy in hierarchies where hierarchy.version == .one {
            if let reason = trial(in: hierarchy.folder) {
                refusals.append(Refusal(controllers: hierarchy.controllers, reason: reason))
            } else {
                places.append(
                    ControlGroupPlace(version: .one, controllers: hierarchy.controllers, folder: hierarchy.folder))
            }
        }
        for hierarchy in hierarchies where hierarchy.version == .two {
            // Where version 1 has the controllers, what is left of version 2 says nothing about them.
            if hierarchies.contains(where: { $0.version == .one }), words(hierarchy.folder + "/cgroup.controllers").isEmpty { continue }
            let place = versionTwo(hierarchy, preferred, &refusals)
            // Beside groups of version 1 one that limits nothing is of no use.
            if let place, places.isEmpty || !place.controllers.isEmpty { places.append(place) }
        }
        if hierarchies.isEmpty { refusals.append(Refusal(controllers: [], reason: "no control groups are mounted")) }
        return ControlGroupPlaces(places: places, refusals: refusals)
    }

    private static func versionTwo(
        _ hierarchy: ControlGroupHierarchy, _ preferred: String?, _ refusals: inout [Refusal]
    ) -> ControlGroupPlace? {
        var candidates = [preferred, hierarchy.folder].compactMap(\.self)
        if hierarchy.folder != hierarchy.mountPoint, let slash = hierarchy.folder.lastIndex(of: "/") {
            candidates.append(String(hierarchy.folder[..<slash]))
        }
        var best: ControlGroupPlace?
        for folder in candidates {
            if let reason = trial(in: folder) {
                refusals.append(Refusal(controllers: [], reason: reason))
                continue
            }
            // A group above is not this host's to change.
            let isOwn = folder == preferred || folder == hierarchy.folder
            let controllers = isOwn ? enableControllers(in: folder, &refusals) : words(folder + "/cgroup.subtree_control")
            let place = ControlGroupPlace(version: .two, controllers: controllers, folder: folder)
            if controllers.count > best?.controllers.count ?? -1 { best = place }
            if controllers.isSuperset(of: [.memory, .cpu, .pids]) { break }
        }
        return best
    }

    /// Passes controllers on to the groups below. The kernel refuses that to a group that holds processes.
    static func enableControllers(in folder: String, _ refusals: inout [Refusal]) -> Set<GroupController> {
        let offered = words(folder + "/cgroup.controllers")
        var enabled = words(folder + "/cgroup.subtree_control")
        for controller in offered.subtracting(enabled).sorted(by: { $0.rawValue < $1.rawValue }) {
            let code = SmallFile.write("+" + controller.rawValue, to: folder + "/cgroup.subtree_control")
            if code == 0 {
                enabled.insert(controller)
            } else {
                refusals.append(
                    Refusal(
                        controllers: [controller],
                        reason: "\(folder) does not pass \(controller.rawValue) on: \(String(cString: strerror(code)))"))
            }
        }
        return enabled
    }

    private static func words(_ path: String) -> Set<GroupController> {
        Set(SmallFile.text(path).split(whereSeparator: \.isWhitespace).compactMap { GroupController(rawValue: String($0)) })
    }

    /// Makes a group, lets a process enter it, and removes it; why that fails, nil when it does not.
    private static func trial(in folder: String) -> String? {
        let path = folder + "/strata-trial-" + ControlGroup.randomDigits()
        guard mkdir(path, 0o755) == 0 else { return "no group can be made in \(folder): \(String(cString: strerror(errno)))" }
        defer { _ = ControlGroup.removeFolder(path) }
        let request = FrontCommand.wrap(
            SpawnRequest(path: "/bin/sh", arguments: ["-c", ":"], environment: [:], workingFolder: "/"),
            entrances: [path + "/cgroup.procs"], bounds: nil, ignoresTermination: false)
        let outcome = try? ShortCommand.run(request.path, request.arguments, environment: ["LC_ALL": "C"])
        if outcome?.status == .exited(0) { return nil }
        return "no process can enter a group in \(folder): \(outcome?.problem.split(separator: "\n").first ?? "it said nothing")"
    }
}
