import Foundation
import Strata

/// A local folder's content as a model's files.
struct FolderFiles: MountedFiles {
    let path: String

    func layOut(in folder: String) async throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.copyItem(atPath: path + "/" + name, toPath: folder + "/" + name)
        }
    }
}

/// Files made by a closure, for what no repository should hold.
struct MadeFiles: MountedFiles {
    let make: @Sendable (String) async throws -> Void

    func layOut(in folder: String) async throws { try await make(folder) }
}

/// The fixture models beside these tests.
enum Fixture {
    static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Models").path

    static func path(_ model: String) -> String { models + "/" + model }

    static func files(_ model: String) -> FolderFiles { FolderFiles(path: path(model)) }
}
