/// What a machine can do for models: run them, keep them within limits, keep them apart.
public struct MachineReport: Sendable {
    /// One thing that was looked at.
    public struct Finding: Sendable, Hashable {
        public enum Verdict: String, Sendable {
            case good
            /// It works in a weaker way, which the text names.
            case limited
            /// Models cannot run before it is mended.
            case missing
        }

        /// Such as `isolation`; stays the same in later versions.
        public let name: String
        public let verdict: Verdict
        /// What is there, or what is not and what to do about it.
        public let text: String
    }

    public let findings: [Finding]

    /// False when something is missing without which no model runs.
    public var canRunModels: Bool { !findings.contains { $0.verdict == .missing } }
}

extension ProcessExecutor.Configuration {
    /// Tries everything that running models with this configuration needs: makes and removes a control group, starts an
    /// isolated process, asks the interpreters for their versions. Takes about a second; changes nothing.
    public func examineMachine() async throws -> MachineReport {
        try await blocking { [self] in MachineReport(findings: MachineExamination(configuration: self).findings()) }
    }
}
