import Foundation

/// What lies in a local folder, byte for byte: to hold one tree against another.
public struct FolderListing: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public enum Content: Hashable, Sendable {
            case directory
            case file([UInt8])
            case symlink(String)
        }

        public var content: Content
        /// Permission bits; 0 for a symbolic link, which has none that matter.
        public var permissions: Int

        public init(_ content: Content, permissions: Int) {
            self.content = content
            self.permissions = permissions
        }
    }

    /// By path relative to the folder.
    public var entries: [String: Entry]

    public init(entries: [String: Entry]) { self.entries = entries }

    /// Reads a whole tree into memory, without following symbolic links.
    /// - Throws: what the file system throws.
    public init(of folder: String) throws {
        let files = FileManager.default
        entries = [:]
        for name in try files.subpathsOfDirectory(atPath: folder) {
            let path = folder + "/" + name
            let attributes = try files.attributesOfItem(atPath: path)
            let permissions = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            switch attributes[.type] as? FileAttributeType {
            case .typeDirectory: entries[name] = Entry(.directory, permissions: permissions)
            case .typeSymbolicLink:
                entries[name] = Entry(.symlink(try files.destinationOfSymbolicLink(atPath: path)), permissions: 0)
            default:
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
                entries[name] = Entry(.file(bytes), permissions: permissions)
            }
        }
    }
}
