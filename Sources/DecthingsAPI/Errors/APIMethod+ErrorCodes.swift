extension APIMethod {
    /// Every code that this method may answer, the common ones included. Clients written in Rust fail on any other.
    public var errorCodes: Set<APIErrorCode> {
        APIErrorCode.common.union(Self.ownCodes[self] ?? [])
    }

    /// `error` if this method may answer its code, else `unknown`, which every client can read.
    public func answerable(_ error: APIError) -> APIError {
        errorCodes.contains(error.code) ? error : APIError(.unknown)
    }

    private static let ownCodes: [APIMethod: Set<APIErrorCode>] =
        modelCodes.merging(stateCodes) { $1 }.merging(runCodes) { $1 }.merging(datasetCodes) { $1 }
        .merging(fileCodes) { $1 }.merging(launcherCodes) { $1 }

    private static let modelCodes: [APIMethod: Set<APIErrorCode>] = [
        .createModel: [
            .nameAlreadyUsed, .organizationNotFound, .accessDenied, .modelNotFound, .snapshotNotFound, .quotaExceeded,
            .serverOverloaded, .invalidExecutableFile, .readExecutableFileFailed, .datasetNotFound, .datasetKeyNotFound,
        ],
        .waitForModelToBeCreated: [.modelNotFound, .modelAlreadyCreated],
        .deleteModel: [.modelNotFound, .accessDenied],
        .updateModel: [.modelNotFound, .accessDenied, .nameAlreadyUsed],
        .setFilesystemSize: [
            .modelNotFound, .invalidExecutorType, .notEnoughSpace, .accessDenied, .quotaExceeded, .serverOverloaded,
        ],
        .getFilesystemUsage: [.modelNotFound, .notEnoughSpace, .accessDenied, .quotaExceeded, .serverOverloaded],
        .setImage: [.modelNotFound, .accessDenied, .imageNotFound],
        .snapshotModel: [.modelNotFound, .accessDenied, .quotaExceeded, .serverOverloaded],
        .updateSnapshot: [.modelNotFound, .snapshotNotFound, .accessDenied],
        .deleteSnapshot: [.modelNotFound, .snapshotNotFound, .accessDenied],
        .getSnapshotState: [.modelNotFound, .snapshotNotFound, .stateKeyNotFound],
    ]

    private static let stateCodes: [APIMethod: Set<APIErrorCode>] = [
        .createState: [
            .modelNotFound, .modelToMountNotFound, .stateForModelToMountNotFound, .snapshotForModelToMountNotFound,
            .persistentLauncherNotFound, .snapshotNoLongerExists, .accessDenied, .quotaExceeded, .datasetNotFound,
            .datasetKeyNotFound,
        ],
        .uploadState: [
            .modelNotFound, .modelToMountNotFound, .snapshotForModelToMountNotFound, .accessDenied, .quotaExceeded,
            .stateNotFound, .stateIsActive,
        ],
        .cancelCreateState: [.modelNotFound, .stateNotFound, .stateAlreadyCreated],
        .getCreatingStates: [.modelNotFound],
        .waitForStateToBeCreated: [.modelNotFound, .stateNotFound, .stateAlreadyCreated],
        .updateModelState: [.modelNotFound, .stateNotFound, .accessDenied],
        .setActiveModelState: [.modelNotFound, .stateNotFound, .accessDenied],
        .deleteModelState: [.modelNotFound, .stateNotFound, .stateIsActive, .accessDenied],
        .getModelState: [.modelNotFound, .stateNotFound, .stateKeyNotFound],
    ]

    private static let runCodes: [APIMethod: Set<APIErrorCode>] = [
        .train: [
            .modelNotFound, .persistentLauncherNotFound, .snapshotNoLongerExists, .accessDenied, .quotaExceeded,
            .modelToMountNoLongerExists, .datasetNotFound, .datasetKeyNotFound,
        ],
        .getTrainingStatus: [.modelNotFound, .trainingSessionNotFound],
        .getTrainingMetrics: [.modelNotFound, .trainingSessionNotFound],
        .getTrainingSysinfo: [.modelNotFound, .trainingSessionNotFound],
        .cancelTrainingSession: [.modelNotFound, .trainingSessionNotFound, .trainingSessionNotRunning, .accessDenied],
        .clearPreviousTrainingSession: [
            .modelNotFound, .trainingSessionNotFound, .trainingSessionRunning, .accessDenied,
        ],
        .evaluate: [
            .modelNotFound, .snapshotNotFound, .quotaExceeded, .modelToMountNoLongerExists, .datasetNotFound,
            .datasetKeyNotFound,
        ],
        .getEvaluations: [.modelNotFound],
        .getFinishedEvaluationResult: [.modelNotFound, .evaluationNotFound],
        .cancelEvaluation: [.modelNotFound, .evaluationNotFound],
        .setUsedPersistentLaunchersForEvaluate: [
            .persistentLauncherNotFound, .modelNotFound, .snapshotNoLongerExists, .accessDenied,
        ],
        .getUsedPersistentLaunchersForEvaluate: [.modelNotFound],
    ]

    private static let addEntriesCodes: Set<APIErrorCode> = [
        .datasetNotFound, .accessDenied, .limitExceeded, .quotaExceeded, .incorrectVersionID,
    ]
    private static let removeEntriesCodes: Set<APIErrorCode> = [
        .datasetNotFound, .indexOutOfRange, .accessDenied, .incorrectVersionID,
    ]

    private static let datasetCodes: [APIMethod: Set<APIErrorCode>] = [
        .createDataset: [.nameAlreadyUsed, .organizationNotFound, .accessDenied, .quotaExceeded],
        .updateDataset: [.datasetNotFound, .accessDenied, .nameAlreadyUsed],
        .deleteDataset: [.datasetNotFound, .accessDenied],
        .addEntries: addEntriesCodes,
        .addEntriesToNeedsReview: addEntriesCodes,
        .finalizeNeedsReviewEntries: [
            .datasetNotFound, .indexOutOfRange, .accessDenied, .quotaExceeded, .incorrectVersionID,
        ],
        .getEntries: [.datasetNotFound, .incorrectVersionID],
        .getNeedsReviewEntries: [.datasetNotFound, .incorrectVersionID],
        .removeEntries: removeEntriesCodes,
        .removeNeedsReviewEntries: removeEntriesCodes,
    ]

    private static let fileCodes: [APIMethod: Set<APIErrorCode>] = [
        .fsLookup: reading([.noEntry, .notDirectory]),
        .fsGetattr: reading([]),
        .fsSetattr: writing([.fileTooLarge, .isDirectory]),
        // A write may arrive under this name and answers the codes of both.
        .fsMknod: writing([.notDirectory, .exists, .noSpace, .isDirectory, .invalidArgument]),
        .fsRead: reading([.isDirectory, .invalidArgument]),
        .fsWrite: writing([.isDirectory, .noSpace, .invalidArgument]),
        .fsSymlink: writing([.notDirectory, .exists, .noSpace]),
        .fsReadlink: reading([.invalidArgument]),
        .fsMkdir: writing([.notDirectory, .exists, .noSpace]),
        .fsUnlink: writing([.notDirectory, .noEntry, .isDirectory]),
        .fsRmdir: writing([.notDirectory, .noEntry, .notEmpty]),
        .fsRename: writing([.notDirectory, .noEntry, .notEmpty, .exists, .isDirectory, .noSpace]),
        .fsLink: writing([.notDirectory, .notPermitted, .exists, .noSpace]),
        .fsReaddir: reading([.notDirectory]),
        .fsRmdirAll: writing([.notDirectory, .noEntry]),
        .fsCopy: writing([.notDirectory, .exists, .noSpace]),
    ]

    private static func reading(_ codes: Set<APIErrorCode>) -> Set<APIErrorCode> {
        codes.union([.modelNotFound, .snapshotNotFound, .staleInode])
    }

    private static func writing(_ codes: Set<APIErrorCode>) -> Set<APIErrorCode> {
        codes.union([.modelNotFound, .accessDenied, .staleInode])
    }

    private static let launcherCodes: [APIMethod: Set<APIErrorCode>] = [
        .createPersistentLauncher: [.quotaExceeded],
        .getLauncherSysinfo: [.persistentLauncherNotFound],
        .deletePersistentLauncher: [.persistentLauncherNotFound, .persistentLauncherBeingDeleted],
    ]
}
