/// What the store refuses or cannot do. The code is for programs (it is the API's own name where the API has one), the
/// message is a sentence for people: the thing, the value, the bound, the remedy.
public struct StrataError: Error, Sendable, CustomStringConvertible {
    /// Extensible, so that a new code breaks no caller's switch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        public static let modelNotFound = Code("model_not_found")
        public static let stateNotFound = Code("state_not_found")
        public static let stateKeyNotFound = Code("state_key_not_found")
        public static let snapshotNotFound = Code("snapshot_not_found")
        public static let snapshotNoLongerExists = Code("snapshot_no_longer_exists")
        public static let modelToMountNotFound = Code("model_to_mount_not_found")
        public static let stateForModelToMountNotFound = Code("state_for_model_to_mount_not_found")
        public static let snapshotForModelToMountNotFound = Code("snapshot_for_model_to_mount_not_found")
        /// A model or snapshot that a state was made with, and that loading it needs.
        public static let modelToMountNoLongerExists = Code("model_to_mount_no_longer_exists")
        public static let operationNotFound = Code("operation_not_found")
        public static let operationRunning = Code("operation_running")
        public static let operationNotRunning = Code("operation_not_running")
        public static let trainingSessionNotFound = Code("training_session_not_found")
        public static let trainingSessionRunning = Code("training_session_running")
        public static let trainingSessionNotRunning = Code("training_session_not_running")
        public static let evaluationNotFound = Code("evaluation_not_found")
        public static let persistentLauncherNotFound = Code("persistent_launcher_not_found")
        public static let persistentLauncherBeingDeleted = Code("persistent_launcher_being_deleted")
        public static let quotaExceeded = Code("quota_exceeded")
        public static let datasetNotFound = Code("dataset_not_found")
        public static let datasetKeyNotFound = Code("dataset_key_not_found")
        public static let keyNotFound = Code("key_not_found")
        public static let incorrectVersionID = Code("incorrect_version_id")
        public static let indexOutOfRange = Code("index_out_of_range")
        public static let limitExceeded = Code("limit_exceeded")
        public static let nameAlreadyUsed = Code("name_already_used")
        public static let stateIsActive = Code("state_is_active")
        public static let stateAlreadyCreated = Code("state_already_created")
        public static let invalidParameter = Code("invalid_parameter")
        public static let fileNotFound = Code("file_not_found")
        public static let fileAlreadyExists = Code("file_already_exists")
        public static let notADirectory = Code("not_a_directory")
        public static let isADirectory = Code("is_a_directory")
        public static let directoryNotEmpty = Code("directory_not_empty")
        /// There is no inode of this number (any more).
        public static let staleInode = Code("stale_inode")
        /// Content is asked of something that has none, or a target of what is no symbolic link.
        public static let wrongFileKind = Code("wrong_file_kind")
        public static let fileTooLarge = Code("file_too_large")
        public static let notPermitted = Code("not_permitted")
        public static let notEnoughSpace = Code("not_enough_space")
        public static let accessDenied = Code("access_denied")
        public static let storeNotFound = Code("store_not_found")
        public static let storeAlreadyExists = Code("store_already_exists")
        public static let unsupportedFormat = Code("unsupported_format")
        public static let needsMigration = Code("needs_migration")
        public static let readOnly = Code("read_only")
        public static let storeClosed = Code("store_closed")
        public static let corrupted = Code("corrupted")
        public static let noSpace = Code("no_space")
        public static let conflict = Code("conflict")
        public static let cancelled = Code("cancelled")
        public static let io = Code("io")
    }

    public let code: Code
    public let message: String
    /// Which field of the caller's input was wrong (with `invalidParameter`).
    public let parameterName: String?
    /// Further facts by name, such as `datasetId`, `state`, `key`, `offset`.
    public let context: [String: String]
    /// The lower layer's error, for logs.
    public let cause: (any Error)?

    public init(
        _ code: Code, _ message: String, parameterName: String? = nil, context: [String: String] = [:],
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.parameterName = parameterName
        self.context = context
        self.cause = cause
    }

    public var description: String { "\(code): \(message)" }
}
