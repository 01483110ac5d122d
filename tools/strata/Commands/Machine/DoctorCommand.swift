import ArgumentParser
import ModelRuntime
import Strata

struct DoctorView: JSONDocument {
    struct Finding: Encodable {
        let name: String
        let verdict: String
        let text: String
    }

    let canRunModels: Bool
    let findings: [Finding]

    init(_ report: MachineReport) {
        canRunModels = report.canRunModels
        findings = report.findings.map { Finding(name: $0.name, verdict: $0.verdict.rawValue, text: $0.text) }
    }

    static let fields: [JSONField] = [
        .init("canRunModels", "false when something is missing without which no model runs"),
        .init("findings[].name", "what was looked at, such as isolation"),
        .init("findings[].verdict", "good, limited (it works in a weaker way) or missing (models cannot run)"),
        .init("findings[].text", "what is there, or what is not and what to do about it"),
    ]

    var text: String {
        Table([.text("WHAT"), .text("VERDICT"), .text("FOUND")], rows: findings.map { [$0.name, $0.verdict, $0.text] }).text(empty: "")
    }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this machine can do for models: run, limit and isolate them.",
        discussion: """
            Tries everything: makes a control group, starts an isolated process, asks the interpreters. Opens no store and \
            changes nothing. Exits with 1 when something is missing without which no model runs.

            Example:
              strata doctor
              strata doctor --json
            """)

    @Option(
        help: ArgumentHelp(
            "The Python that runs models. (default: $STRATA_PYTHON, else .venv/bin/python3 here or above, else python3)",
            valueName: "path"))
    var python: String?

    @Option(help: ArgumentHelp("The folder for models' own folders. (default: /tmp)", valueName: "dir"))
    var temporaryRoot: String?

    @OptionGroup var json: JSONOption

    func run() async throws {
        var configuration = ProcessExecutor.Configuration()
        configuration.pythonPath = python
        if let temporaryRoot { configuration.temporaryRoot = temporaryRoot }
        let view = DoctorView(try await configuration.examineMachine())
        try await Output(isJSON: json.json).show(view) { view.text }
        guard view.canRunModels else {
            let missing = view.findings.filter { $0.verdict == MachineReport.Finding.Verdict.missing.rawValue }.map(\.name)
            throw StrataError(
                .machineNotReady, "models cannot run here; mend first: \(missing.joined(separator: ", "))",
                context: ["missing": missing.joined(separator: ",")])
        }
    }
}

extension StrataError.Code {
    /// Something is missing without which no model runs.
    static let machineNotReady = Self("machine_not_ready")
}
