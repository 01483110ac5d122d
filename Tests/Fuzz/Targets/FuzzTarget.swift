/// The ways into the project for bytes that nobody vouches for.
///
/// Each takes any bytes and returns. What it may not do: trap, touch memory that is not its own, hang, throw an error without a
/// code, or break a promise that holds for every input. `tools/fuzz` and the tests run the same functions.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// A chunk's stored bytes, in any encoding: an encoding (u32), a raw size (u16), the payload.
    case chunk
    /// Any raw bytes, encoded and decoded.
    case roundtrip
    /// A pack's file.
    case pack
    /// A pack's directory in a sealed pack: counts of chunks, bases and commit records (u16 each), the directory.
    case packIndex = "pack_index"
    /// A pack that lost its end, with right checksums in its records' heads.
    case packSalvage = "pack_salvage"
    /// A chunk list segment: an offset (i64), a count (u16), the encoded entries.
    case chunkList = "chunk_list"
    /// The metadata of a commit record, and behind a byte 0 its values, in a pack that a store without a catalog is rebuilt from.
    case commitRecord = "commit_record"
    /// A blob of tensors.
    case tensor
    /// Bodies of requests and responses, whole and in pieces.
    case frames
    /// What a model process sends.
    case runtime
    /// JSON as each of the API's types: a byte that chooses, the text.
    case messages
    /// Changes to the rows and pages of a small catalog, see `CatalogChanges`.
    case catalog
    /// A small file of a store's folder: a byte that chooses which, its content.
    case storeFiles = "store_files"

    public func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .chunk: ChunkTargets.decode(input)
        case .roundtrip: ChunkTargets.roundtrip(input)
        case .pack: PackTargets.file(input)
        case .packIndex: PackTargets.index(input)
        case .packSalvage: PackTargets.salvage(input)
        case .chunkList: ChunkTargets.list(input)
        case .commitRecord: StoreTargets.commitRecord(input)
        case .tensor: WireTargets.tensor(input)
        case .frames: WireTargets.frames(input)
        case .runtime: WireTargets.runtime(input)
        case .messages: WireTargets.messages(input)
        case .catalog: StoreTargets.catalog(input)
        case .storeFiles: StoreTargets.files(input)
        }
    }

    /// What an input may be at most for its time to be worth it.
    public var inputBytesMax: Int {
        switch self {
        case .catalog, .storeFiles, .commitRecord: 512
        case .roundtrip, .pack: 16 << 10
        default: 4096
        }
    }
}
