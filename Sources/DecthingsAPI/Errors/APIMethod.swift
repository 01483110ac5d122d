/// A method of the API that this project answers, named `<Api>/<method>`.
public enum APIMethod: String, Sendable, Hashable, CaseIterable {
    case createModel = "Model/createModel"
    case waitForModelToBeCreated = "Model/waitForModelToBeCreated"
    case deleteModel = "Model/deleteModel"
    case updateModel = "Model/updateModel"
    case getModels = "Model/getModels"
    case setFilesystemSize = "Model/setFilesystemSize"
    case getFilesystemUsage = "Model/getFilesystemUsage"
    case setImage = "Model/setImage"
    case snapshotModel = "Model/snapshotModel"
    case updateSnapshot = "Model/updateSnapshot"
    case deleteSnapshot = "Model/deleteSnapshot"
    case getSnapshotState = "Model/getSnapshotState"
    case createState = "Model/createState"
    case uploadState = "Model/uploadState"
    case cancelCreateState = "Model/cancelCreateState"
    case getCreatingStates = "Model/getCreatingStates"
    case waitForStateToBeCreated = "Model/waitForStateToBeCreated"
    case updateModelState = "Model/updateModelState"
    case setActiveModelState = "Model/setActiveModelState"
    case deleteModelState = "Model/deleteModelState"
    case getModelState = "Model/getModelState"
    case train = "Model/train"
    case getTrainingStatus = "Model/getTrainingStatus"
    case getTrainingMetrics = "Model/getTrainingMetrics"
    case getTrainingSysinfo = "Model/getTrainingSysinfo"
    case cancelTrainingSession = "Model/cancelTrainingSession"
    case clearPreviousTrainingSession = "Model/clearPreviousTrainingSession"
    case evaluate = "Model/evaluate"
    case getEvaluations = "Model/getEvaluations"
    case getFinishedEvaluationResult = "Model/getFinishedEvaluationResult"
    case cancelEvaluation = "Model/cancelEvaluation"
    case setUsedPersistentLaunchersForEvaluate = "Model/setUsedPersistentLaunchersForEvaluate"
    case getUsedPersistentLaunchersForEvaluate = "Model/getUsedPersistentLaunchersForEvaluate"

    case createDataset = "Dataset/createDataset"
    case updateDataset = "Dataset/updateDataset"
    case deleteDataset = "Dataset/deleteDataset"
    case getDatasets = "Dataset/getDatasets"
    case addEntries = "Dataset/addEntries"
    case addEntriesToNeedsReview = "Dataset/addEntriesToNeedsReview"
    case finalizeNeedsReviewEntries = "Dataset/finalizeNeedsReviewEntries"
    case getEntries = "Dataset/getEntries"
    case getNeedsReviewEntries = "Dataset/getNeedsReviewEntries"
    case removeEntries = "Dataset/removeEntries"
    case removeNeedsReviewEntries = "Dataset/removeNeedsReviewEntries"

    case fsLookup = "FS/lookup"
    case fsGetattr = "FS/getattr"
    case fsSetattr = "FS/setattr"
    case fsMknod = "FS/mknod"
    case fsRead = "FS/read"
    case fsWrite = "FS/write"
    case fsSymlink = "FS/symlink"
    case fsReadlink = "FS/readlink"
    case fsMkdir = "FS/mkdir"
    case fsUnlink = "FS/unlink"
    case fsRmdir = "FS/rmdir"
    case fsRename = "FS/rename"
    case fsLink = "FS/link"
    case fsReaddir = "FS/readdir"
    case fsRmdirAll = "FS/rmdirAll"
    case fsCopy = "FS/copy"

    case createPersistentLauncher = "PersistentLauncher/createPersistentLauncher"
    case getPersistentLaunchers = "PersistentLauncher/getPersistentLaunchers"
    case getLauncherSysinfo = "PersistentLauncher/getSysinfo"
    case deletePersistentLauncher = "PersistentLauncher/deletePersistentLauncher"

    // Methods of further APIs that have a meaningful constant answer.
    case getDebugSessions = "Debug/getDebugSessions"
    case getSpawnedCommands = "Spawned/getSpawnedCommands"
    case getTerminalSessions = "Terminal/getTerminalSessions"
    case getRepositories = "Image/getRepositories"
    case getUsers = "User/getUsers"
    case getNotifications = "User/getNotifications"
    case estimateAmountDue = "User/estimateAmountDue"
    case getQuotas = "User/getQuotas"
    case getOrganizations = "Organization/getOrganizations"

    private static let aliases: [String: APIMethod] = [
        "Model/setCurrentModelState": .setActiveModelState,
        "Model/waitForModelToBeCrated": .waitForModelToBeCreated,
    ]

    /// The method that clients mean by `api` and `method`, older and misspelt names included; nil when unknown.
    ///
    /// `FS/mknod` with one blob, `inode` and no `name` is a write sent by the Python client; that takes the params to
    /// see (`FSWriteParams.isMisnamedWrite`).
    public init?(api: String, method: String) {
        let name = "\(api == "PersistentLaunchers" ? "PersistentLauncher" : api)/\(method)"
        guard let known = APIMethod(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = known
    }

    /// Name of the API, such as `Model`.
    public var api: String { String(rawValue.prefix { $0 != "/" }) }
    /// Name of the method, such as `createState`.
    public var method: String { String(rawValue.drop { $0 != "/" }.dropFirst()) }
}
