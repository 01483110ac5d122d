import Foundation

/// This process's resident memory, from the kernel's own accounting.
enum ProcessMemory {
    /// Forgets the peak so far; the kernel then counts from the present size.
    static func resetPeak() throws {
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
    }

    static func residentBytes() throws -> Int64 { try field("VmRSS") }

    static func peakBytes() throws -> Int64 { try field("VmHWM") }

    private static func field(_ name: String) throws -> Int64 {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix(name + ":") {
            guard let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int64($0) })
            else { break }
            return kibibytes << 10
        }
        throw CocoaError(.fileReadCorruptFile)
    }
}
