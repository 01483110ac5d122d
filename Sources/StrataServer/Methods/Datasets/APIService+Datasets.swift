import DecthingsAPI

extension APIService {
    /// The methods of the Dataset API.
    func performDataset(_ call: Call, _ sink: any AnswerSink) async throws {
        switch call.method {
        default: throw APIError.unsupported(api: call.method.api, method: call.method.method)
        }
    }
}
