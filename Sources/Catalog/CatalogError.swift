import Foundation
import GRDB

/// What the catalog refuses or cannot do. Codes for things that the API names have the API's own names.
public struct CatalogError: Error, Sendable, CustomStringConvertible {
    /// Extensible, so that a new code breaks no caller's switch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        public static let modelNotFound = Code("model_not_found")
        public static let stateNotFound = Code("state_not_found")
        public static let stateIsActive = Code("state_is_active")
        public static let snapshotNotFound = Code("snapshot_not_found")
        public static let snapshotNoLongerExists = Code("snapshot_no_longer_exists")
        public static let modelToMountNotFound = Code("model_to_mount_not_found")
        public static let stateForModelToMountNotFound = Code("state_for_model_to_mount_not_found")
        public static let snapshotForModelToMountNotFound = Code("snapshot_for_model_to_mount_not_found")
        /// A model or snapshot that a state was made with, and that loading it needs.
        public static let modelToMountNoLongerExists = Code("model_to_mount_no_longer_exists")
        public static let datasetNotFound = Code("dataset_not_found")
        public static let datasetKeyNotFound = Code("dataset_key_not_found")
        public static let incorrectVersionID = Code("incorrect_version_id")
        public static let indexOutOfRange = Code("index_out_of_range")
        public static let limitExceeded = Code("limit_exceeded")
        public static let nameAlreadyUsed = Code("name_already_used")
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
        /// The model's files are those of the snapshot that it is based on.
        public static let accessDenied = Code("access_denied")
        /// The creation that a commit would end was ended by somebody else.
        public static let cancelled = Code("cancelled")
        /// Something that the commit refers to is gone; nothing was changed.
        public static let conflict = Code("conflict")
        public static let unsupportedFormat = Code("unsupported_format")
        public static let needsMigration = Code("needs_migration")
        public static let readOnly = Code("read_only")
        public static let corrupted = Code("corrupted")
        public static let noSpace = Code("no_space")
        public static let locked = Code("locked")
        public static let io = Code("io")
    }

    public let code: Code
    public let message: String
    /// Facts by name, such as `modelId`.
    public let context: [String: String]

    public init(_ code: Code, _ message: String, context: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.context = context
    }

    public var description: String { "\(code): \(message)" }
}

extension CatalogError {
    /// SQLite's error in this layer's words; the statement's values are never shown.
    init(_ error: DatabaseError, path: String, waited: Double) {
        let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        let context = ["path": path, "sqlite": "\(error.extendedResultCode.rawValue)"]
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.noSpace, "the catalog `\(path)` cannot grow: \(reason); free some space and try again", context: context)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.corrupted, "the catalog `\(path)` is damaged: \(reason)", context: context)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .locked,
                "another program has kept the catalog `\(path)` locked for \(waited.formatted()) s; end it or its transaction and try again",
                context: context)
        case .SQLITE_READONLY:
            self.init(.readOnly, "the catalog `\(path)` cannot be written: \(reason)", context: context)
        case .SQLITE_CONSTRAINT:
            self.init(.conflict, "the catalog refused a change that contradicts it: \(reason)", context: context)
        case .SQLITE_ERROR where reason == "integer overflow":
            // No sum of what a store can hold passes 64 bits.
            self.init(.corrupted, "the catalog `\(path)` holds impossible numbers; run `strata repair`", context: context)
        default:
            self.init(.io, "the catalog `\(path)` cannot be used: \(reason)", context: context)
        }
    }

    static func modelNotFound(_ id: String) -> CatalogError {
        CatalogError(.modelNotFound, "there is no model `\(id)` in this store", context: ["modelId": id])
    }

    static func stateNotFound(_ id: String, model: String) -> CatalogError {
        CatalogError(
            .stateNotFound, "model `\(model)` has no state `\(id)`", context: ["modelId": model, "stateId": id])
    }

    static func stateIsActive(_ id: String, model: String) -> CatalogError {
        CatalogError(
            .stateIsActive, "state `\(id)` is the active state of model `\(model)`; make another one active first",
            context: ["modelId": model, "stateId": id])
    }

    static func snapshotNotFound(_ id: String, model: String) -> CatalogError {
        CatalogError(
            .snapshotNotFound, "model `\(model)` has no snapshot `\(id)`",
            context: ["modelId": model, "snapshotId": id])
    }

    static func datasetNotFound(_ id: String) -> CatalogError {
        CatalogError(.datasetNotFound, "there is no dataset `\(id)` in this store", context: ["datasetId": id])
    }

    static func indexOutOfRange(_ index: Int, count: Int, dataset: String) -> CatalogError {
        CatalogError(
            .indexOutOfRange, "dataset `\(dataset)` has \(count) entries there and none at \(index); indexes count from 0",
            context: ["datasetId": dataset])
    }

    static func nameAlreadyUsed(_ name: String, _ kind: String, owner: String) -> CatalogError {
        CatalogError(
            .nameAlreadyUsed, "`\(owner)` has a \(kind) named `\(name)` already; choose another name",
            context: ["name": name])
    }
}
