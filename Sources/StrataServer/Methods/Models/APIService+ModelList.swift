import DecthingsAPI
import Strata

extension APIService {
    /// `getModels`: one transaction when something has changed since the same question was answered, else none.
    func getModels(_ call: Call, _ sink: any AnswerSink) async throws {
        let question = KeptAnswers.Question(call)
        let moment = KeptAnswers.Moment(change: try await store.changeToken(), modelsInCreation: modelsInCreation.changeCount)
        if let kept = keptAnswers.answer(to: question, at: moment) {
            return try await sink.begin(.encoded(kept), blobSizesBytes: [])
        }
        let params = try call.params(as: ListParams.self)
        let (offset, limit) = try Self.wire { () throws(WireError) in try params.page() }
        // The store lists one at least.
        let page = try await store.modelDetails(try modelFilter(params, for: call.caller), offset: offset, limit: max(limit, 1))
        let owner = Owner.user(id: options.ownerID, name: options.ownerName)
        let models = page.items.prefix(limit).map { details in
            let id = details.model.id
            let right = call.caller.right(to: id.rawValue, isPublic: details.model.isPublic) ?? .read
            return DecthingsAPI.Model(
                details, owner: owner, access: right >= .readwrite ? .readwrite : .read, isBeingCreated: modelsInCreation.contains(id))
        }
        let result = GetModelsResult(models: models, total: page.total, offset: offset, limit: limit)
        let text = try Envelope(result: result).serialized()
        keptAnswers.keep(text, to: question, at: moment)
        try await sink.begin(.encoded(text), blobSizesBytes: [])
    }

    private func modelFilter(_ params: ListParams, for caller: Caller) throws(APIError) -> Strata.ListFilter {
        var filter = Strata.ListFilter()
        let asked = params.filter ?? DecthingsAPI.ListFilter()
        filter.ids = asked.ids
        filter.names = asked.names
        filter.tags = (asked.tags ?? []).map { Strata.Tag($0.tag, $0.value) }
        filter.searchName = asked.searchName
        // Everything has one owner: naming it changes nothing, naming others alone leaves nothing.
        if let owners = asked.owners, !owners.contains(options.ownerID), !owners.contains(options.ownerName) { filter.owners = [] }
        if caller.right == nil { filter.visibleIDs = Array(caller.rightsByID.keys) }
        filter.sort = try Self.sort(params.sort)
        filter.isAscending = params.sortDirection == .ascending
        return filter
    }

    static func sort(_ field: String?) throws(APIError) -> Strata.ListFilter.Sort {
        switch field {
        case nil, "createdAt": return .createdAt
        case "name": return .name
        case let other?:
            throw .invalidParameter("sort", "cannot sort by \(other.prefix(64)); sort by createdAt or name")
        }
    }
}
