import Strata

/// What one operation after another needs of a session.
extension SessionResources {
    /// True when the process has ended, or was never there.
    var hasEnded: Bool { process.map { $0.exit.result != nil } ?? true }

    /// What the session's processes have used since they were started; nil where that is not measured.
    func usageNow() async -> ResourceUsage? {
        guard let confinement else { return nil }
        return (try? await blocking { confinement.usage() }) ?? nil
    }

    /// Makes a folder for the files of a mounted model.
    func makeMount() async throws -> String {
        let number = nextMount()
        return try await blocking { [folder] in try folder.makeMount(number) }
    }

    /// Makes ready for the next operation: mounts of the last one go, and what it lost to the memory limit is forgotten.
    func tidy() async {
        let confinement = confinement
        try? await blocking { [folder] in
            folder.removeMounts()
            confinement?.forgetLosses()
        }
    }
}
