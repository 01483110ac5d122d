import DecthingsAPI

extension APIService {
    /// The methods of all other APIs. There are no sessions, images, organizations or bills here, and one user.
    func performOther(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        case .getDebugSessions: try await sink.answer(["debugSessions": [JSONValue]()])
        case .getSpawnedCommands: try await sink.answer(["spawnedCommands": [JSONValue]()])
        case .getTerminalSessions: try await sink.answer(["terminalSessions": [JSONValue]()])
        case .getRepositories: try await answerEmptyPage("repositories", call, sink)
        case .getOrganizations: try await answerEmptyPage("organizations", call, sink)
        case .getUsers: try await getUsers(call, sink)
        case .getNotifications: try await sink.answer(["notifications": [JSONValue]()])
        case .estimateAmountDue: try await sink.answer(["amount": 0])
        case .getQuotas: try await sink.answer(["quotas": [JSONValue]()])
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }

    private func answerEmptyPage(_ name: String, _ call: Call, _ sink: any AnswerSink) async throws {
        let (offset, limit) = try call.params(as: ListParams.self).page()
        try await sink.answer(
            JSONValue.object([name: [], "total": 0, "offset": .integer(Int64(offset)), "limit": .integer(Int64(limit))]))
    }

    private struct UsersParams: Decodable {
        let userIds: [String]?
    }

    /// The server's single user, if it is asked for.
    private func getUsers(_ call: Call, _ sink: any AnswerSink) async throws {
        let wanted = try call.params(as: UsersParams.self).userIds
        let isWanted = wanted?.contains(options.ownerID) ?? true
        let user = JSONValue.object(["userId": .string(options.ownerID), "username": .string(options.ownerName)])
        try await sink.answer(JSONValue.object(["users": .array(isWanted ? [user] : [])]))
    }
}
