import Foundation

/// What a session could have left behind.
enum Leftovers {
    /// Ids of living processes that were started with a socket below `root`.
    static func processes(below root: String) -> [Int] {
        let marker = Array("IPC_PATH=\(root)/".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int.init).filter { id in
            guard let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ") else { return false }
            return environment.split(separator: 0).contains { $0.starts(with: marker) }
        }
    }

    /// Ids of living processes with this argument.
    static func processes(withArgument argument: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int.init).filter { id in
            let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
            return line.split(separator: 0).contains { $0.elementsEqual(argument.utf8) }
        }
    }

    /// Names of what is left in `root`.
    static func files(below root: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    }

    /// How many descriptors this process has open.
    static func descriptorCount() -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
    }

    /// How many threads this process has.
    static func threadCount() -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []).count
    }

    /// Resident bytes of this process.
    static func residentBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    static func isAlive(_ id: Int) -> Bool { FileManager.default.fileExists(atPath: "/proc/\(id)/exe") && !isZombie(id) }

    private static func isZombie(_ id: Int) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ") Z"
        return text.split(separator: ")").last?.split(separator: " ").first == "Z"
    }
}
