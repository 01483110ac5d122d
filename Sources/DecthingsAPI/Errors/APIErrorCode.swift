/// Every error code of the API. The Rust client cannot parse a code that its method does not list: see
/// `APIMethod.errorCodes`.
public enum APIErrorCode: String, Sendable, Hashable, Codable, CaseIterable {
    // Any method.
    case badCredentials = "bad_credentials"
    case tooManyRequests = "too_many_requests"
    case paymentRequired = "payment_required"
    case unknown
    case invalidParameter = "invalid_parameter"
    // Rights and limits.
    case accessDenied = "access_denied"
    case quotaExceeded = "quota_exceeded"
    case limitExceeded = "limit_exceeded"
    case serverOverloaded = "server_overloaded"
    case notEnoughSpace = "not_enough_space"
    case nameAlreadyUsed = "name_already_used"
    case organizationNotFound = "organization_not_found"
    // Models, states, snapshots.
    case modelNotFound = "model_not_found"
    case modelAlreadyCreated = "model_already_created"
    case modelToMountNotFound = "model_to_mount_not_found"
    case modelToMountNoLongerExists = "model_to_mount_no_longer_exists"
    case stateForModelToMountNotFound = "state_for_model_to_mount_not_found"
    case snapshotForModelToMountNotFound = "snapshot_for_model_to_mount_not_found"
    case stateNotFound = "state_not_found"
    case stateKeyNotFound = "state_key_not_found"
    case stateIsActive = "state_is_active"
    case stateAlreadyCreated = "state_already_created"
    case snapshotNotFound = "snapshot_not_found"
    case snapshotNoLongerExists = "snapshot_no_longer_exists"
    case invalidExecutorType = "invalid_executor_type"
    case invalidExecutableFile = "invalid_executable_file"
    case readExecutableFileFailed = "read_executable_file_failed"
    case imageNotFound = "image_not_found"
    // Running things.
    case persistentLauncherNotFound = "persistent_launcher_not_found"
    case persistentLauncherBeingDeleted = "persistent_launcher_being_deleted"
    case trainingSessionNotFound = "training_session_not_found"
    case trainingSessionRunning = "training_session_running"
    case trainingSessionNotRunning = "training_session_not_running"
    case evaluationNotFound = "evaluation_not_found"
    case debugSessionNotFound = "debug_session_not_found"
    case notSubscribed = "not_subscribed"
    case notificationNotFound = "notification_not_found"
    // Data sets.
    case datasetNotFound = "dataset_not_found"
    case datasetKeyNotFound = "dataset_key_not_found"
    case indexOutOfRange = "index_out_of_range"
    case incorrectVersionID = "incorrect_version_id"
    // Files.
    case staleInode = "ESTALE"
    case noEntry = "ENOENT"
    case notDirectory = "ENOTDIR"
    case isDirectory = "EISDIR"
    case exists = "EEXIST"
    case notEmpty = "ENOTEMPTY"
    case notPermitted = "EPERM"
    case invalidArgument = "EINVAL"
    case fileTooLarge = "EFBIG"
    case noSpace = "ENOSPC"

    /// The codes that every method may answer.
    public static let common: Set<APIErrorCode> = [
        .badCredentials, .tooManyRequests, .paymentRequired, .unknown, .invalidParameter,
    ]
}
