/// What a repair found, did and could not do.
public struct RepairReport: Hashable, Sendable {
    /// From what the catalog was put together.
    public enum Basis: String, Hashable, Sendable, Codable {
        /// The catalog is sound.
        case catalog
        /// Rows of the damaged catalog.
        case salvagedCatalog = "salvaged_catalog"
        /// The copy of the catalog; what was committed since comes from packs.
        case catalogCopy = "catalog_copy"
        case salvagedCopy = "salvaged_copy"
        /// The commit records of the packs alone.
        case packs
    }

    /// A state that the basis did not have and that is there again. It may be one that was deleted after the copy was made.
    public struct RecoveredState: Hashable, Sendable {
        public let modelID: ModelID
        public let stateID: StateID
        public let name: String
    }

    public var basis: Basis
    /// Nothing was changed, but would have been.
    public var isDryRun: Bool
    /// Nil for a sound catalog.
    public var catalogProblem: String?
    /// Rows of the catalog that were put right, entered or moved.
    public var correctedRows = 0
    /// Packs that were damaged, missing, or that no commit had named, by name or path, and what was found.
    public var packs: [String: String] = [:]
    public var recoveredStates: [RecoveredState] = []
    /// Models that were made again for their states, with default settings and without files where nothing told of them.
    public var recoveredModels: [ModelID] = []
    /// Chunks that another copy healed.
    public var healedChunks = 0
    /// Chunks whose content is nowhere to be found. They heal when it turns up again in an ingest.
    public var lostChunks = 0
    /// Where in the store's folder what was put aside lies now.
    public var quarantined: [String] = []
    /// Every place that users see where bytes are lost.
    public var losses: [Damage] = []
    /// What cannot be named by place.
    public var remarks: [String] = []

    /// Whether there was anything to repair.
    public var needsRepair: Bool {
        basis != .catalog || correctedRows > 0 || !packs.isEmpty || !quarantined.isEmpty || healedChunks > 0
    }

    init(basis: Basis, isDryRun: Bool) {
        self.basis = basis
        self.isDryRun = isDryRun
    }
}
