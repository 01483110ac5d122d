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
        let chunk: String?
        let pack: String?
        let message: String

        init(_ damage: Damage) {
            (modelId, stateId) = (damage.modelID?.rawValue, damage.stateID?.rawValue)
            (snapshotId, datasetId) = (damage.snapshotID?.rawValue, damage.datasetID?.rawValue)
            (key, offset, message) = (damage.key, damage.offset, damage.message)
            (chunk, pack) = (damage.chunk, damage.pack)
        }

        static let fields: [JSONField] = [
            .init("modelId", "the model that has the damaged bytes"), .init("stateId", "its state"),
            .init("snapshotId", "its snapshot"), .init("datasetId", "or the dataset"),
            .init("key", "the state's or dataset's key, or the file's path"),
            .init("offset", "where in the value the damage begins"), .init("chunk", "the damaged chunk's digest"),
            .init("pack", "the pack that is damaged or has the chunk"), .init("message", "a sentence for people"),
        ]
    }

    let sound: Bool
    let checkedPacks: Int
    let checkedChunks: Int
    let checkedValues: Int
    let checkedBytes: Int64
    let damagedChunks: Int
    let cutShort: Bool
    let keptPlace: Bool
    let damages: [DamageView]

    init(_ report: VerificationReport) {
        sound = report.isSound
        checkedPacks = report.checkedPacks
        (damagedChunks, cutShort, keptPlace) = (report.damagedChunks, report.isCutShort, report.keptPlace)
        checkedChunks = report.checkedChunks
        checkedValues = report.checkedValues
        checkedBytes = report.checkedBytes
        damages = report.damages.map(DamageView.init)
    }

    static let fields: [JSONField] = .all(
        [
            .init("sound", "true when nothing is damaged"), .init("checkedPacks", "packs whose own index was checked"),
            .init("checkedChunks", "chunks that were read"),
            .init("checkedValues", "values whose description was checked"),
            .init("checkedBytes", "bytes that were decoded and hashed"),
            .init("damagedChunks", "chunks that cannot be read, used or not"),
            .init("cutShort", "true when so much is damaged that the rest was not looked at"),
            .init("keptPlace", "true when the next partial run begins where this one stopped"),
        ], DamageView.fields.below("damages[]"))

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
        commandName: "verify", abstract: "Checks a store against its digests; changes no data.",
        discussion: """
            Without options everything is read. --percent and --bytes read a part, beginning where the last such run stopped: \
            `--percent 5` run daily reads everything in twenty days. Where the store can only be read, the place cannot be \
            kept, and the next run reads the same part. Chunks that are found damaged are marked: storing the same content \
            again heals them, and so does `strata repair` from another copy.
            Runs beside readers and writers. Ends with exit code 11 when something is damaged.

            Example:
              strata verify --json
              strata verify --quick
              strata verify --percent 5
              strata verify --bytes 10GiB
            """)
    static let access = StoreAccess.values

    @Flag(help: "Check the structure only: the catalog, and that the packs are there and say what it says.") var quick = false

    @Option(help: ArgumentHelp("Read this share of all bytes, 0 to 100.", valueName: "percent")) var percent: Double?

    @Option(help: ArgumentHelp("Read about so much: 500MB, 10GiB.", valueName: "size")) var bytes: ByteSize?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard [quick, percent != nil, bytes != nil].count(where: \.self) <= 1 else {
            throw ValidationError("--quick, --percent and --bytes exclude each other; give one of them")
        }
    }

    private var scope: VerificationScope {
        if let percent { return .percent(percent) }
        if let bytes { return .bytes(bytes.bytes) }
        return quick ? .quick : .full
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let progress = Progress("verifying", output)
        defer { progress.finish() }
        let start = ContinuousClock.now
        let report = try await store.verify(scope) { progress.set($0.checkedBytes, of: $0.totalBytes) }
        progress.finish()
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        try await output.show(VerificationView(report)) { Self.text(report, milliseconds: milliseconds) }
        guard report.isSound else {
            let places = report.damages.isEmpty ? Text.count(report.damagedChunks, "unused chunk") : Text.count(report.damages.count, "place")
            throw StrataError(.corrupted, "\(places) in the store \(places.hasPrefix("1 ") ? "is" : "are") damaged")
        }
    }

    private static func text(_ report: VerificationReport, milliseconds: Int) -> String {
        let packs = report.checkedPacks > 0 ? "\(Text.count(report.checkedPacks, "pack")), " : ""
        let checked =
            "\(packs)\(Text.count(report.checkedValues, "value")) in \(Text.count(report.checkedChunks, "chunk")), "
            + "\(Text.size(report.checkedBytes)), in \(Text.duration(milliseconds: milliseconds))"
        let end = report.isSound ? "all sound: " : "\(Text.count(report.damages.count, "place")) damaged; checked "
        var lines = report.damages.map(VerificationView.line) + [end + checked]
        if report.isCutShort { lines.append("stopped there: too much is damaged; repair the store and verify again") }
        if report.scope != .quick, report.scope != .full, !report.keptPlace {
            lines.append("the place could not be kept in the store: the next run reads the same part")
        }
        return lines.joined(separator: "\n")
    }
}
