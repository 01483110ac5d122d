import Strata
import StrataTesting
import Testing

@Suite struct ModelListTests {
    /// Eight models of two owners.
    private func withModels(_ body: (StateStore, [Model]) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var models: [Model] = []
            for (owner, names) in [("ann", ["delta", "Alpha", "charlie", "Bravo"]), ("bob", ["alphabet", "echo", "x%y", "x_y"])] {
                var options = StateStore.Options()
                options.owner = owner
                try await withStore(at: folder + "/s", options: options) { store in
                    for (number, name) in names.enumerated() {
                        var model = ModelOptions()
                        model.isPublic = number == 0
                        model.tags = number < 2 ? [Tag("size", "small"), Tag("n", "\(number)")] : []
                        models.append(try await store.createModel(named: name, options: model))
                    }
                }
            }
            try await withStore(at: folder + "/s") { try await body($0, models) }
        }
    }

    private func names(_ store: StateStore, _ filter: ListFilter) async throws -> [String] {
        try await store.models(filter).items.map(\.name)
    }

    private func filter(_ change: (inout ListFilter) -> Void) -> ListFilter {
        var filter = ListFilter()
        change(&filter)
        return filter
    }

    @Test func modelsAreListedNewestFirst() async throws {
        try await withModels { store, models async throws in
            #expect(try await names(store, filter { _ in }) == models.map(\.name).reversed())
            #expect(try await names(store, filter { $0.isAscending = true }) == models.map(\.name))
        }
    }

    @Test func namesSortByTheirBytes() async throws {
        try await withModels { store, models async throws in
            let sorted = models.map(\.name).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            #expect(try await names(store, filter { ($0.sort, $0.isAscending) = (.name, true) }) == sorted)
            #expect(try await names(store, filter { $0.sort = .name }) == sorted.reversed())
        }
    }

    @Test func filtersFindWhatTheyName() async throws {
        try await withModels { store, models async throws in
            #expect(try await names(store, filter { $0.names = ["echo", "delta", "none"] }) == ["echo", "delta"])
            #expect(try await names(store, filter { $0.ids = [models[2].id.rawValue, "none"] }) == ["charlie"])
            #expect(try await names(store, filter { $0.owners = ["bob"] }).count == 4)
            #expect(try await names(store, filter { $0.owners = ["ann", "bob"] }).count == 8)
            #expect(try await names(store, filter { $0.names = [] }) == [])
            #expect(try await names(store, filter { $0.tags = [Tag("size", "small")] }).count == 4)
        }
    }

    @Test func allTagsMustBeThere() async throws {
        try await withModels { store, _ async throws in
            #expect(try await names(store, filter { $0.tags = [Tag("size", "small"), Tag("n", "1")] }) == ["echo", "Alpha"])
            #expect(try await names(store, filter { $0.tags = [Tag("size", "small"), Tag("n", "7")] }) == [])
        }
    }

    @Test func searchIsAPartOfTheNameWhateverItsCase() async throws {
        try await withModels { store, _ async throws in
            #expect(try await names(store, filter { $0.searchName = "ALPHA" }) == ["alphabet", "Alpha"])
            #expect(try await names(store, filter { $0.searchName = "%" }) == ["x%y"])
            #expect(try await names(store, filter { $0.searchName = "_" }) == ["x_y"])
            #expect(try await names(store, filter { $0.searchName = "'; DROP TABLE models" }) == [])
        }
    }

    @Test func anOwnerSeesTheOwnAndWhatIsPublic() async throws {
        try await withModels { store, _ async throws in
            #expect(Set(try await names(store, filter { $0.visibleTo = "bob" })) == ["delta", "alphabet", "echo", "x%y", "x_y"])
            #expect(Set(try await names(store, filter { $0.visibleTo = "carol" })) == ["delta", "alphabet"])
        }
    }

    @Test func partsOfAFilterAreCombinedWithAnd() async throws {
        try await withModels { store, _ async throws in
            #expect(try await names(store, filter { ($0.owners, $0.searchName) = (["bob"], "alpha") }) == ["alphabet"])
            #expect(try await names(store, filter { ($0.visibleTo, $0.names) = ("bob", ["Alpha"]) }) == [])
        }
    }

    @Test func pagesCoverEverythingOnceAndTheTotalCountsAllMatches() async throws {
        try await withModels { store, models in
            var found: [ModelID] = []
            for offset in stride(from: 0, to: 12, by: 3) {
                let page = try await store.models(offset: offset, limit: 3)
                #expect(page.total == 8 && page.offset == offset && page.limit == 3)
                found += page.items.map(\.id)
            }
            #expect(found == models.map(\.id).reversed())
            let lastPage = try await store.models(filter { $0.owners = ["ann"] }, offset: 3, limit: 3)
            #expect(lastPage.items.count == 1 && lastPage.total == 4)
        }
    }

    @Test(arguments: [("offset", -1, 10), ("limit", 0, 0), ("limit", 0, 1001), ("limit", 0, -5)])
    func pagesOutsideTheBoundsAreRefused(field: String, offset: Int, limit: Int) async throws {
        try await withTemporaryStore { store in
            let value = field == "offset" ? offset : limit
            await expectRefusal(.invalidParameter, field: field, words: ["\(value)"]) {
                _ = try await store.models(offset: offset, limit: limit)
            }
        }
    }
}
