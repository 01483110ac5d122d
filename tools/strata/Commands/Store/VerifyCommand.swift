import ArgumentParser
import Strata

struct VerificationView: JSONDocument {
    struct DamageView: Encodable {
        let modelId: String?
        let stateId: String?
        let snapshotId: String?
        let datasetId: String?
        let key: String?
        let offset: Int64?
        let message: String
    }

    let sound: Bool
    let checkedChunks: Int
    let checkedValues: Int
    let checkedBytes: Int64
    let damages: [DamageView]

    init(_ report: VerificationReport) {
        sound = report.isSound
        checkedChunks = report.checkedChunks
        checkedValues = report.checkedValues
        checkedBytes = report.checkedBytes
        damages = report.damages.map {
            DamageView(
                modelId: $0.modelID?.rawValue, stateId: $0.stateID?.rawValue, snapshotId: $0.snapshotID?.rawValue,
                datasetId: $0.datasetID?.rawValue, key: $0.key, offset: $0.offset, message: $0.message)
        }
    }

    static let fields: [JSONField] = [
        .init("sound", "true when nothing is damaged"), .init("checkedChunks", "chunks that were read"),
        .init("checkedValues", "values whose description was checked"),
        .init("checkedBytes", "bytes that were decoded and hashed"),
        .init("damages[].modelId", "the model that has the damaged bytes"), .init("damages[].stateId", "its state"),
        .init("damages[].snapshotId", "its snapshot"), .init("damages[].datasetId", "or the dataset"),
        .init("damages[].key", "the state's or dataset's key, or the file's path"),
        .init("damages[].offset", "where in the value the damage begins"), .init("damages[].message", "a sentence for people"),
    ]

    static func line(_ damage: Damage) -> String {
        let place = [
            damage.modelID.map { "model \($0)" }, damage.stateID.map { "state \($0)" },
            damage.snapshotID.map { "snapshot \($0)" }, damage.datasetID.map { "dataset \($0)" },
            damage.key.map { "`\(Text.printable($0))`" }, damage.offset.map { "byte \(Text.count($0))" },
        ]
        return "damaged: \(place.compactMap(\.self).joined(separator: ", ")): \(Text.printable(damage.message))"
    }
}

struct VerifyCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Reads everything and checks it against its digests; changes nothing.",
        discussion: """
            Runs beside readers and writers. Ends with exit code 11 when something is damaged.

            Example:
              strata verify --json
            """)
    static let access = StoreAccess.values

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let progress = Progress("verifying", output)
        defer { progress.finish() }
        let start = ContinuousClock.now
        let report = try await store.verify { progress.set($0.checkedBytes, of: $0.totalBytes) }
        progress.finish()
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        try await output.show(VerificationView(report)) {
            let checked =
                "\(Text.count(report.checkedValues, "value")) in \(Text.count(report.checkedChunks, "chunk")), "
                + "\(Text.size(report.checkedBytes)), in \(Text.duration(milliseconds: milliseconds))"
            let end = report.isSound ? "all sound: " : "\(Text.count(report.damages.count, "place")) damaged; checked "
            let lines: [String] = report.damages.map(VerificationView.line) + [end + checked]
            return lines.joined(separator: "\n")
        }
        guard report.isSound else {
            let places = "\(Text.count(report.damages.count, "place")) in the store \(report.damages.count == 1 ? "is" : "are")"
            throw StrataError(.corrupted, "\(places) damaged")
        }
    }
}
