import Foundation
import FuzzTargets

/// The inputs that are kept: those that the seeds' maker wrote, those that fuzzing found to reach further, and everything that
/// ever ended a target, named `crash-…`.
enum Corpus {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Fuzz/Corpus"

    static func inputs(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = folder + "/" + target.rawValue
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            (name, Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))))
        }
    }
}
