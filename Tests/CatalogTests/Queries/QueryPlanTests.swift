import ContentStore
import GRDB
import Synchronization
import Testing

@testable import Catalog

/// Hot queries use their indexes. The statements are those that the code really runs: they are caught as they go by.
@Suite struct QueryPlanTests {
    private final class Statements: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    /// The plans of all statements that `body` runs, one line a step.
    private func plan(_ body: @escaping @Sendable (Database) throws -> Void) async throws -> [String] {
        try await plan(writing: false, body)
    }

    private func planOfChanges(_ body: @escaping @Sendable (Database) throws -> Void) async throws -> [String] {
        try await plan(writing: true, body)
    }

    private func plan(writing: Bool, _ body: @escaping @Sendable (Database) throws -> Void) async throws -> [String] {
        try await withCatalog { catalog in
            let (model, _) = try await catalog.addModel()
            try await catalog.addState(
                "s", of: model, values: [FakeContent.value(["a", "b"])], packs: [try FakeContent.pack("p", ["a", "b<a"])])
            try await catalog.createDataset(
                DatasetInsertion(
                    publicID: "dataset", owner: "local", name: "d", description: "", publicAccess: false, createdAt: 1, keysJSON: "[]",
                    keyNames: ["x"], versionID: "1", tags: []))
            let explain: @Sendable (Database) throws -> [String] = { db in
                let statements = Statements()
                db.trace(options: .statement) { event in
                    if case .statement(let statement) = event { statements.add(statement.sql) }
                }
                try body(db)
                db.trace()
                #expect(!statements.all.isEmpty)
                return try Set(statements.all).flatMap { sql in
                    let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                    statement.setUncheckedArguments(StatementArguments())
                    return try Row.fetchAll(statement).map { $0["detail"] as String }
                }
            }
            return writing ? try await catalog.write(explain) : try await catalog.read(explain)
        }
    }

    /// - Parameter derived: sub-queries that may be scanned and sorted, since the statement bounds them itself.
    private func expect(
        _ plan: [String], uses indexes: [String], derived: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for index in indexes {
            #expect(plan.contains { $0.contains(index) }, "\(plan)", sourceLocation: sourceLocation)
        }
        let scans = plan.filter { line in line.hasPrefix("SCAN") && !derived.contains { line == "SCAN \($0)" } }
        #expect(scans == [], sourceLocation: sourceLocation)
        let sorts = derived.isEmpty ? plan.filter { $0.contains("TEMP B-TREE") } : []
        #expect(sorts == [], sourceLocation: sourceLocation)
    }

    @Test(arguments: [1, 5, 200])
    func chunksAreLocatedByDigestThroughTheirIndex(count: Int) async throws {
        let digests = (0..<count).map { FakeContent.digest("\($0)") }
        let plan = try await plan { db in _ = try ChunkTable(db: db).locate(digests, horizon: 3) }
        expect(plan, uses: ["chunks_by_digest", "p USING INTEGER PRIMARY KEY"])
    }

    @Test(arguments: [1, 5, 200])
    func chunksAreLocatedByTheirNumbers(count: Int) async throws {
        let ids = (0..<count).map { ChunkID(Int64($0)) }
        let plan = try await plan { db in _ = try ChunkTable(db: db).locate(ids) }
        expect(plan, uses: ["c USING INTEGER PRIMARY KEY", "p USING INTEGER PRIMARY KEY"])
    }

    @Test(arguments: [1, 5, 200])
    func chunksOfAPackAreLookedUpByDigestAndCountedByNumber(count: Int) async throws {
        let digests = (0..<count).map { FakeContent.digest("\($0)") }
        let plan = try await planOfChanges { db in
            let found = try ChunkTable(db: db).known(digests + [FakeContent.digest("a")])
            try ChunkTable(db: db).retain(found.values.map(\.id))
        }
        expect(plan, uses: ["chunks_by_digest", "chunks USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"])
    }

    @Test func oneChunkIsFoundByItsDigest() async throws {
        let plan = try await plan { db in _ = try ChunkTable(db: db).id(of: FakeContent.digest("a")) }
        expect(plan, uses: ["chunks_by_digest"])
    }

    @Test func aChunkListSegmentIsFoundByItsOffset() async throws {
        let plan = try await plan { db in _ = try ValueTable(db: db).chunkList(of: ValueID(1), overlapping: 5000..<6000) }
        expect(plan, uses: ["sqlite_autoindex_chunk_lists_1 (value_id=? AND first_offset"])
    }

    @Test func aModelsStatesComeInOrderWithoutSorting() async throws {
        let plan = try await plan { db in
            _ = try StateTable(db: db).states(ofModelRow: 1, offset: 0, limit: 100)
            _ = try StateTable(db: db).count(ofModelRow: 1)
        }
        expect(plan, uses: ["states_by_model", "key_set_entries"])
    }

    @Test(arguments: [1, 8, 200])
    func whatBelongsToManyModelsIsFoundThroughIndexes(count: Int) async throws {
        let rows = (1...count).map(Int64.init)
        let plan = try await plan { db in
            _ = try ModelTable(db: db).sizesOfBasedOnFiles(ofModelRows: rows)
            _ = try OperationTable(db: db).trainings(ofModelRows: rows, isRunning: true)
            _ = try StateTable(db: db).states(ofModelRows: rows)
            _ = try SnapshotTable(db: db).snapshots(ofModelRows: rows)
            _ = try KeySetTable(db: db).entries(ofAll: rows)
        }
        for index in ["states_by_model", "snapshots_by_model", "operations_", "sqlite_autoindex_key_set_entries_1", "sqlite_autoindex_snapshots_1"] {
            #expect(plan.contains { $0.contains(index) }, "\(index): \(plan)")
        }
        #expect(plan.filter { $0.hasPrefix("SCAN") } == [])
    }

    @Test func aStateIsFoundByItsID() async throws {
        let plan = try await plan { db in
            _ = try StateTable(db: db).state("s", model: "model-m")
            _ = try StateTable(db: db).activeState(ofModelRow: 1)
        }
        expect(plan, uses: ["sqlite_autoindex_states_1"])
    }

    @Test func aBaseIsLookedForAmongAFewStates() async throws {
        let plan = try await plan { db in
            _ = try StateTable(db: db).newestValue(ofKey: "k0", sizeBytes: 2000, model: "model-m", depth: 32)
        }
        expect(plan, uses: ["states_by_model", "key_set_entries_by_key"], derived: ["newest"])
    }

    @Test func aKeyIsFoundInItsSet() async throws {
        let plan = try await plan { db in _ = try StateTable(db: db).value(ofKey: "k0", sizeBytes: 2000, keySet: 2) }
        expect(plan, uses: ["key_set_entries_by_key", "v USING INTEGER PRIMARY KEY"])
    }

    @Test func aValueIsFoundByNumberAndAModelByID() async throws {
        let plan = try await plan { db in
            _ = try ValueTable(db: db).value(ValueID(1))
            _ = try ModelTable(db: db).model("model-m")
            _ = try PackTable(db: db).id(of: PackName(FakeContent.digest("p")))
        }
        expect(plan, uses: ["stored_values USING INTEGER PRIMARY KEY", "sqlite_autoindex_models_1", "sqlite_autoindex_packs_1"])
    }

    @Test func lookingAModelUpCountsNothing() async throws {
        let plan = try await plan { db in _ = try ModelTable(db: db).model("model-m") }
        #expect(plan.filter { $0.contains("states_by_model") || $0.contains("snapshots_by_model") } == [])
    }

    @Test func aDeepPageSkipsIndexEntriesAndNotRows() async throws {
        let plan = try await plan { db in _ = try StateTable(db: db).states(ofModelRow: 1, offset: 1000, limit: 100) }
        #expect(plan.contains { $0.contains("COVERING INDEX states_by_model") }, "\(plan)")
        expect(plan, uses: ["s USING INTEGER PRIMARY KEY"])
    }

    @Test func whatAKeyMadeIsFoundByItsMaker() async throws {
        let plan = try await plan { db in _ = try APIKeyTable(db: db).holdings(ofKey: "key") }
        expect(
            plan,
            uses: [
                "models_by_maker", "states_by_maker", "snapshots_by_maker", "datasets_by_maker", "key_sets USING INTEGER PRIMARY KEY",
                "inodes USING INDEX sqlite_autoindex_inodes_1 (filesystem_id=?",
            ])
    }

    @Test func aTreeIsReadThroughItsKeys() async throws {
        let plan = try await plan { db in _ = try FilesystemTable(db: db).tree(1) }
        expect(plan, uses: ["directory_entries", "inodes"])
    }

    @Test func aDatasetsEntriesAreFoundMovedAndRemovedByPosition() async throws {
        for choice in [EntryChoice.range(0..<2), .positions([1, 0])] {
            let plan = try await plan { db in
                let table = DatasetItemTable(db: db)
                let dataset = try #require(try DatasetTable(db: db).dataset("dataset"))
                _ = try? table.entries(of: dataset, in: .needsReview, choice, itemsMax: 10)
                _ = try table.count(of: dataset, in: .needsReview)
            }
            expect(plan, uses: ["sqlite_autoindex_dataset_items_1 (dataset_id=? AND folder=?", "dataset_keys"])
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
        let changes = try await planOfChanges { db in
            let table = DatasetItemTable(db: db)
            let dataset = try #require(try DatasetTable(db: db).dataset("dataset"))
            let value = IngestedValue(inline: [1])
            let entry = [ItemInsertion(content: value, elementType: "u8", shapeJSON: "[1]")]
            _ = try table.append(Array(repeating: entry, count: 4), to: dataset, in: .needsReview, behind: 0, fresh: [:])
            _ = try table.remove([1], of: dataset, in: .needsReview, sequence: 1)
            #expect(try table.count(of: dataset, in: .needsReview) == 3)
            try table.removeAll(of: dataset, sequence: 1)
        }
        expect(changes, uses: ["sqlite_autoindex_dataset_items_1 (dataset_id=? AND folder=? AND position>? AND position<?)"])
    }

    @Test func filesAreFoundByNumberAndName() async throws {
        let reads = try await plan { db in
            let table = InodeTable(db: db, filesystem: 1)
            _ = try table.inode(1)
            _ = try table.child([97], of: 1)
            _ = try table.entries(of: 1)
            _ = try table.isEmpty(1)
            _ = try table.room()
        }
        expect(
            reads,
            uses: [
                "sqlite_autoindex_inodes_1 (filesystem_id=? AND inode=?)",
                "sqlite_autoindex_directory_entries_1 (filesystem_id=? AND parent_inode=? AND name=?)",
                "sqlite_autoindex_directory_entries_1 (filesystem_id=? AND parent_inode=?)",
            ])
        #expect(!reads.contains { $0.contains("TEMP B-TREE") }, "\(reads)")
        let changes = try await planOfChanges { db in
            let tree = InodeTree(db: db, filesystem: 1, nowNanoseconds: 1, sequence: 1)
            let d = try #require(try tree.apply(.make(DirectoryPlace(parent: 1, name: [1]), mode: 0o040755, symlinkTarget: nil)))
            let f = try #require(try tree.apply(.make(DirectoryPlace(parent: d.inode, name: [2]), mode: 0o100644, symlinkTarget: nil)))
            _ = try tree.apply(.link(inode: f.inode, DirectoryPlace(parent: 1, name: [3])))
            _ = try tree.apply(.copy(inode: d.inode, DirectoryPlace(parent: 1, name: [4])))
            _ = try tree.apply(.rename(DirectoryPlace(parent: 1, name: [3]), to: DirectoryPlace(parent: d.inode, name: [2]), replaces: true))
            _ = try tree.apply(.unlink(DirectoryPlace(parent: 1, name: [3])))
            _ = try tree.apply(.removeDirectory(DirectoryPlace(parent: 1, name: [4]), recursively: true))
        }
        expect(changes, uses: ["sqlite_autoindex_inodes_1 (filesystem_id=? AND inode=?)", "filesystems USING INTEGER PRIMARY KEY"])
    }

    @Test func aDatasetsItemsAreReadByPosition() async throws {
        let plan = try await plan { db in
            let dataset = try #require(try DatasetTable(db: db).dataset("dataset"))
            _ = try DatasetItemTable(db: db).items(of: dataset, key: "x", in: 0..<10)
        }
        expect(
            plan, uses: ["sqlite_autoindex_dataset_items_1 (dataset_id=? AND folder=? AND position>? AND position<?)", "datasets_1"])
    }

    @Test func valuesOfALengthAreFoundWithoutLookingAtOthers() async throws {
        let plan = try await plan { db in
            _ = try StateTable(db: db).values(ofKey: "k0", sizeBytes: 2000, depth: 32, limit: 4)
        }
        expect(plan, uses: ["stored_values_by_size (size_bytes=?)", "key_set_entries_by_value"], derived: ["newest"])
    }

    @Test func usersOfKeysAndTreesAreFoundThroughIndexes() async throws {
        let plan = try await plan { db in
            for table in ["states", "snapshots", "pins"] {
                _ = try db.exists("SELECT 1 FROM \(table) WHERE key_set_id = ? LIMIT 1", [1])
            }
            for table in ["models", "snapshots", "pins"] {
                _ = try db.exists("SELECT 1 FROM \(table) WHERE filesystem_id = ? LIMIT 1", [1])
            }
        }
        expect(plan, uses: ["states_by_key_set", "snapshots_by_key_set", "pins_by_key_set", "models_by_filesystem"])
    }

    /// Collection costs what the garbage costs: nothing that it asks may walk a table.
    @Test func garbageIsFoundThroughItsIndexes() async throws {
        let plan = try await plan { db in
            _ = try GarbageTable.hasValues(db, bound: 1)
            _ = try GarbageTable.hasChunks(db, bound: 1)
            _ = try RemovedPackTable(db: db).packs(bound: -1, limit: 10)
            _ = try StateTable(db: db).retentionRows(ofModelRow: 1, before: nil ?? .max, limit: 10)
            _ = try GarbageForecast(db: db, bound: 1, isQuiet: true).make()
        }
        expect(
            plan.filter { $0 != "SCAN removed_packs" }, uses: ["stored_values_condemned", "chunks_condemned", "packs_with_waste", "states_by_model"],
            derived: ["packs USING INDEX packs_with_waste", "packs USING COVERING INDEX packs_with_waste",
                "stored_values USING INDEX stored_values_condemned", "chunks USING INDEX chunks_condemned",
                "chunks USING COVERING INDEX chunks_condemned"])
    }

    /// Compaction looks at packs and at differences, never at all chunks.
    @Test func whatIsCompactedIsFoundThroughIndexes() async throws {
        let plan = try await plan { db in
            let queries = CompactionQueries(db: db)
            _ = try queries.packs(after: 0, upTo: .max, limit: 10)
            _ = try queries.livingChunks(inPack: 1, after: nil, limit: 10)
            _ = try queries.condemnedBytesByPack()
            _ = try queries.bases(after: nil, limit: 10)
            _ = try queries.family(ofBase: ChunkID(1))
        }
        expect(
            plan, uses: ["packs USING INTEGER PRIMARY KEY", "chunks_by_pack", "chunks_condemned", "chunks_by_base", "b USING INTEGER PRIMARY KEY"],
            derived: ["d", "chunks USING INDEX chunks_condemned"])
    }

    /// A verification goes through tables by their numbers, page by page, whatever was read before.
    @Test func aVerificationsPagesBeginWhereTheLastOneEnded() async throws {
        let plan = try await plan { db in
            _ = try Catalog.chunks(after: ChunkID(5), limit: 10, db)
            _ = try Catalog.values(after: ValueID(5), limit: 10, db)
            _ = try Catalog.packs(after: 5, limit: 10, db)
        }
        expect(
            plan,
            uses: [
                "chunks USING INTEGER PRIMARY KEY (rowid>?)", "stored_values USING INTEGER PRIMARY KEY (rowid>?)",
                "packs USING INTEGER PRIMARY KEY (rowid>?)",
            ])
    }

    @Test func whatDamageReachesIsFoundThroughIndexes() async throws {
        let plan = try await plan { db in
            _ = try Catalog.uses(of: ValueID(1), db)
            _ = try Catalog.chunks(basedOn: [ChunkID(1)], db)
        }
        expect(
            plan.filter { !$0.contains("TEMP B-TREE FOR DISTINCT") },
            uses: ["key_set_entries_by_value", "states_by_key_set", "snapshots_by_key_set", "dataset_items_by_value", "inodes_by_value", "chunks_by_base"])
    }

    /// A running operation looks each second; lists come in order without sorting.
    @Test func operationsAreFoundThroughIndexes() async throws {
        let plan = try await plan { db in
            let (operations, metrics) = (OperationTable(db: db), OperationMetricTable(db: db))
            _ = try operations.mayGoOn("o")
            _ = try operations.runningRow(of: "o")
            _ = try operations.operation("o", model: "model-m")
            _ = try operations.operations(ofModelRow: 1, kind: nil, isRunning: nil, offset: 0, limit: 10)
            _ = try metrics.names(ofRow: 1)
            _ = try metrics.usage(ofRow: 1, after: 0)
        }
        expect(plan, uses: ["sqlite_autoindex_operations_1", "operations_by_model", "operation_metric_names", "operation_usage"])
    }

    @Test func whatASessionLeavesAndWhatIsTooOldIsFoundThroughIndexes() async throws {
        let plan = try await planOfChanges { db in
            try OperationTable(db: db).lose(ofSessionRow: 1, finishedAt: 1)
            try OperationTable(db: db).thin(ofModelRow: 1, kind: "train", keeping: 10)
        }
        expect(plan, uses: ["operations_running", "operations_ended"])
    }
}
