import Glibc

/// The folder of sealed packs: `packs/ab/abcd….pack`. Local files are the first home of packs; an object store can be another.
struct PackFolder: Sendable {
    let disk: any StoreDisk
    let path: String

    func path(of name: PackName) -> String { path + "/" + name.relativePath }

    /// Gives a durable staging file its final name beside the staging one, and makes the name durable.
    ///
    /// After a failure the final name may be there or not: whoever gives up removes it before the staging name.
    func publish(_ stagingPath: String, as name: PackName) throws(ContentError) {
        let final = path(of: name)
        let folder = path + "/" + name.relativeFolder
        try disk.createDirectory(folder)
        do throws(ContentError) {
            try disk.link(stagingPath, to: final)
        } catch where error.errno == EPERM || error.errno == ENOTSUP || error.errno == EMLINK {
            // File systems without hard links: the pack is then nobody's for the moment until the catalog names it.
            try disk.rename(stagingPath, to: final)
        }
        try disk.syncDirectory(folder)
        // Always: the folder may be another process's of this very moment, and not durable yet.
        try disk.syncDirectory(path)
    }

    func open(_ name: PackName) throws(ContentError) -> any DiskFile {
        do throws(ContentError) {
            return try disk.open(path(of: name), .read)
        } catch where error.code == .notFound {
            throw ContentError(
                .notFound, "pack \(name) is missing from the store; run `strata verify` to see what is lost",
                errno: error.errno, path: error.path)
        }
    }
}
