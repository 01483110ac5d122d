extension StagingFolder {
    /// The sessions whose lock somebody holds. A store without the folder has none.
    public func liveSessions() throws(ContentError) -> [String] {
        guard try disk.status(path) != nil else { return [] }
        var live: [String] = []
        for token in try tokens() {
            do throws(ContentError) {
                if try !disk.open(path + "/" + token + "/lock", .read).tryLock() { live.append(token) }
            } catch where error.code == .notFound {
                continue
            }
        }
        return live
    }
}
