import Foundation

/// A local folder's entries, parents first, without following symbolic links.
enum LocalTree {
    struct Entry {
        enum Kind: Equatable {
            case directory, file
            case symlink(String)
        }

        let path: String
        let kind: Kind
        let permissions: UInt32
    }

    /// - Throws: `invalid_parameter` when the folder is missing or holds something else than files, folders and links.
    static func entries(of folder: String) throws -> [Entry] {
        var entries: [Entry] = []
        var open = [""]
        while let relative = open.popLast() {
            let path = relative.isEmpty ? folder : folder + "/" + relative
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            } catch {
                throw StrataError.invalidParameter("folder", "cannot list the folder `\(path)`: \(error.localizedDescription)")
            }
            for name in names {
                let entry = try entry(at: relative.isEmpty ? name : relative + "/" + name, in: folder)
                entries.append(entry)
                if entry.kind == .directory { open.append(entry.path) }
            }
        }
        return entries
    }

    private static func entry(at path: String, in folder: String) throws -> Entry {
        let full = folder + "/" + path
        let attributes = try FileManager.default.attributesOfItem(atPath: full)
        let permissions = (attributes[.posixPermissions] as? NSNumber)?.uint32Value ?? 0o644
        switch attributes[.type] as? FileAttributeType {
        case .typeDirectory: return Entry(path: path, kind: .directory, permissions: permissions)
        case .typeRegular: return Entry(path: path, kind: .file, permissions: permissions)
        case .typeSymbolicLink:
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: full)
            return Entry(path: path, kind: .symlink(target), permissions: permissions)
        default:
            throw StrataError.invalidParameter("folder", "`\(full)` is neither a file, a folder nor a symbolic link; leave it out")
        }
    }
}
