import Glibc
import Strata

/// A control group in each of the hierarchies that can be used: holds processes, whatever they do to get away.
///
/// A launcher's group is locked for as long as its host lives, so that others can tell rubbish from what is in use; it
/// costs a descriptor a hierarchy. The groups of its sessions lie in it and need no lock.
final class ControlGroup: Sendable {
    /// The same group in one hierarchy.
    struct Part: Sendable {
        let place: ControlGroupPlace
        let folder: String
    }

    let parts: [Part]
    private let locks: [FolderLock]

    private init(parts: [Part], locks: [FolderLock]) {
        self.parts = parts
        self.locks = locks
    }

    private static let namePrefix = "strata-launcher-"
    private static let nameDigits = 16

    private static func newName() -> String { namePrefix + randomDigits() }

    /// Sixteen hexadecimal digits.
    static func randomDigits() -> String {
        let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
        return String(repeating: "0", count: nameDigits - digits.count) + digits
    }

    /// Whether a launcher's group could have this name.
    static func isName(_ name: String) -> Bool {
        name.hasPrefix(namePrefix) && name.count == namePrefix.count + nameDigits
            && name.dropFirst(namePrefix.count).allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    /// Makes a launcher's group. Blocks.
    ///
    /// - Throws: `ControlGroupError`; nothing is left then.
    static func make(in places: [ControlGroupPlace], bounds: ProcessBounds) throws -> ControlGroup {
        for _ in 1..<makingTriesMax {
            // Another host that looks for rubbish takes a group for such until it is locked.
            if let group = try? makeOnce(in: places, bounds: bounds) { return group }
        }
        return try makeOnce(in: places, bounds: bounds)
    }

    private static let makingTriesMax = 8

    private static func makeOnce(in places: [ControlGroupPlace], bounds: ProcessBounds) throws -> ControlGroup {
        let name = newName()
        var parts: [Part] = []
        var locks: [FolderLock] = []
        do {
            for place in places {
                let folder = place.folder + "/" + name
                try makeFolder(folder)
                parts.append(Part(place: place, folder: folder))
                guard let lock = FolderLock.take(folder) else { throw ControlGroupError("\(folder) cannot be locked") }
                locks.append(lock)
                for setting in bounds.settings(for: place) { try apply(setting, in: folder) }
                if place.version == .two {
                    for controller in place.controllers {
                        SmallFile.write("+" + controller.rawValue, to: folder + "/cgroup.subtree_control")
                    }
                }
            }
        } catch {
            ControlGroup(parts: parts, locks: locks).remove()
            throw error
        }
        return ControlGroup(parts: parts, locks: locks)
    }

    /// Makes a session's group in this one. Blocks.
    func makeChild(_ name: String) throws -> ControlGroup {
        var made: [Part] = []
        do {
            for part in parts {
                let folder = part.folder + "/" + name
                try Self.makeFolder(folder)
                made.append(Part(place: part.place, folder: folder))
            }
        } catch {
            ControlGroup(parts: made, locks: []).remove()
            throw error
        }
        return ControlGroup(parts: made, locks: [])
    }

    /// False when somebody removed it. Blocks.
    var exists: Bool { parts.allSatisfy { access($0.folder, F_OK) == 0 } }

    /// The files that a process writes to in order to enter.
    var entrances: [String] { parts.map { $0.folder + "/cgroup.procs" } }

    /// Ids of the processes in it that still run. Blocks.
    func members() -> [pid_t] {
        var found = Set<pid_t>()
        for part in parts {
            for line in SmallFile.text(part.folder + "/cgroup.procs", bytesMax: 4 << 20).split(separator: "\n") {
                if let id = pid_t(line), id > 0, ProcessStatus(of: id)?.isAlive == true { found.insert(id) }
            }
        }
        return Array(found)
    }

    /// Kills what is in it, and lets it start no more. Blocks; call it again until it finds none.
    ///
    /// - Returns: how many were found.
    func kill() -> Int {
        for part in parts {
            // What forks faster than it can be killed must not fork.
            if part.place.controllers.contains(.pids) { SmallFile.write("0", to: part.folder + "/pids.max") }
        }
        let found = members()
        for part in parts where part.place.version == .two {
            // All at once, also what is being forked; kernels before 5.14 lack the file.
            SmallFile.write("1", to: part.folder + "/cgroup.kill")
        }
        for id in found { _ = Glibc.kill(id, SIGKILL) }
        return found.count
    }

    /// Removes it and the groups in it, which must hold no process that runs. Blocks.
    ///
    /// - Returns: why something is left, nil when nothing is.
    @discardableResult
    func remove() -> String? {
        var problem: String?
        for part in parts { problem = Self.removeFolder(part.folder) ?? problem }
        for lock in locks { lock.release() }
        return problem
    }

    /// Removes the group at `folder` and those in it. Blocks.
    static func removeFolder(_ folder: String) -> String? {
        for name in SmallFile.names(in: folder) {
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            if let problem = removeFolder(folder + "/" + name) { return problem }
        }
        // A process that has just died leaves its group a moment later.
        for _ in 0..<removalTriesMax {
            if rmdir(folder) == 0 || errno == ENOENT { return nil }
            guard errno == EBUSY else { break }
            usleep(2000)
        }
        return "the control group \(folder) cannot be removed: \(String(cString: strerror(errno)))"
    }

    private static let removalTriesMax = 500

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 else {
            throw ControlGroupError("the control group \(path) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    private static func apply(_ setting: GroupSetting, in folder: String) throws {
        let path = folder + "/" + setting.file
        let code = SmallFile.write(setting.value, to: path)
        guard code == 0 || setting.isOptional else {
            throw ControlGroupError("\(path) cannot be set to \(setting.value): \(String(cString: strerror(code)))")
        }
    }
}

/// A control group cannot be made or set.
struct ControlGroupError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
