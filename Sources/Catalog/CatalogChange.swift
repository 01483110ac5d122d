/// What a transaction leaves behind, as the catalog's copy sees it.
public enum CatalogChange: Sendable {
    /// Something that the catalog alone holds.
    case onlyInCatalog
    /// Nothing but a state that the packs of the same commit describe: a lost catalog gets it from them.
    case toldByPacks
}
