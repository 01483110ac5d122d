import Strata

/// What the command's exit status says. Published: numbers may be added, never changed; an unknown one means failure.
///
/// | code | name | meaning |
/// |---|---|---|
/// | 0 | success | what was asked for is done |
/// | 1 | failure | none of the reasons below |
/// | 3 | notFound | a model, state, key, snapshot, dataset, launcher or file that was named does not exist |
/// | 4 | refused | the input breaks a rule of the store, or names more than one thing; nothing was changed |
/// | 5 | conflict | a name is used already, or somebody else changed the same thing meanwhile |
/// | 10 | noStore | there is no store at the path, or one of a format that this program does not open |
/// | 11 | damage | bytes in the store do not match their digests |
/// | 12 | creationFailed | model code was started and failed: there is no state, or no output |
/// | 13 | noSpace | the disk is full |
/// | 14 | io | reading or writing files failed for another reason |
/// | 64 | usage | the arguments make no sense; nothing was opened |
/// | 129, 130, 143 | cancelled | SIGHUP, SIGINT or SIGTERM ended the operation; nothing of it is left |
enum StrataExit: Int32, CaseIterable {
    case success = 0
    case failure = 1
    case notFound = 3
    case refused = 4
    case conflict = 5
    case noStore = 10
    case damage = 11
    case creationFailed = 12
    case noSpace = 13
    case io = 14
    case usage = 64
    case hungUp = 129
    case interrupted = 130
    case terminated = 143

    /// The word for scripts and documents.
    var name: String {
        switch self {
        case .hungUp, .interrupted, .terminated: "cancelled"
        default: "\(self)"
        }
    }

    var meaning: String {
        switch self {
        case .success: "what was asked for is done"
        case .failure: "none of the reasons below"
        case .notFound: "a model, state, key, snapshot, dataset, launcher or file that was named does not exist"
        case .refused: "the input breaks a rule of the store, or names more than one thing; nothing was changed"
        case .conflict: "a name is used already, or somebody else changed the same thing meanwhile"
        case .noStore: "there is no store at the path, or one of a format that this program does not open"
        case .damage: "bytes in the store do not match their digests"
        case .creationFailed: "model code was started and failed: there is no state, or no output"
        case .noSpace: "the disk is full"
        case .io: "reading or writing files failed for another reason"
        case .usage: "the arguments make no sense; nothing was opened"
        case .hungUp: "SIGHUP ended the operation; nothing of it is left"
        case .interrupted: "SIGINT (Ctrl-C) ended the operation; nothing of it is left"
        case .terminated: "SIGTERM ended the operation; nothing of it is left"
        }
    }

    init(signal: Int32) { self = StrataExit(rawValue: 128 + signal) ?? .failure }

    init(_ code: StrataError.Code) { self = Self.byCode[code] ?? .failure }

    private static let byCode: [StrataError.Code: StrataExit] = [
        .modelNotFound: .notFound, .stateNotFound: .notFound, .stateKeyNotFound: .notFound,
        .snapshotNotFound: .notFound, .snapshotNoLongerExists: .notFound, .modelToMountNotFound: .notFound,
        .stateForModelToMountNotFound: .notFound, .snapshotForModelToMountNotFound: .notFound,
        .persistentLauncherNotFound: .notFound, .datasetNotFound: .notFound, .datasetKeyNotFound: .notFound,
        .fileNotFound: .notFound, .modelToMountNoLongerExists: .notFound, .operationNotFound: .notFound,
        .trainingSessionNotFound: .notFound, .evaluationNotFound: .notFound, .keyNotFound: .notFound,
        .invalidParameter: .refused, .indexOutOfRange: .refused, .notADirectory: .refused, .isADirectory: .refused,
        .directoryNotEmpty: .refused, .notEnoughSpace: .refused, .accessDenied: .refused, .stateIsActive: .refused,
        .readOnly: .refused, .ambiguousReference: .refused,
        .nameAlreadyUsed: .conflict, .incorrectVersionID: .conflict, .stateAlreadyCreated: .conflict,
        .fileAlreadyExists: .conflict, .storeAlreadyExists: .conflict, .conflict: .conflict, .operationRunning: .conflict,
        .operationNotRunning: .conflict, .trainingSessionRunning: .conflict, .trainingSessionNotRunning: .conflict,
        .storeNotFound: .noStore, .unsupportedFormat: .noStore, .needsMigration: .noStore,
        .corrupted: .damage, .stateCreationFailed: .creationFailed, .trainingFailed: .creationFailed,
        .evaluationFailed: .creationFailed, .noSpace: .noSpace, .io: .io,
        .cancelled: .interrupted,
    ]
}

extension StrataError.Code {
    /// A name or prefix that fits more than one thing.
    static let ambiguousReference = Self("ambiguous_reference")
    /// A creation ran and failed.
    static let stateCreationFailed = Self("state_creation_failed")
    /// A training ran and failed.
    static let trainingFailed = Self("training_failed")
    /// An evaluation ran and failed.
    static let evaluationFailed = Self("evaluation_failed")
    /// The arguments make no sense.
    static let usage = Self("usage")
}
