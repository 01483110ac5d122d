import DecthingsAPI

extension WireTargets {
    private static let requests = understandings(
        ModelParams.self, CreateModelParams.self, CreateModelOptions.self, InitialState.self, UpdateModelParams.self,
        SetFilesystemSizeParams.self, SetImageParams.self, SnapshotModelParams.self, SnapshotParams.self, UpdateSnapshotParams.self,
        GetSnapshotStateParams.self, CreateStateParams.self, UploadStateParams.self, StateParams.self, UpdateModelStateParams.self,
        GetModelStateParams.self, TrainParams.self, GetTrainingMetricsParams.self, EvaluateParams.self,
        SetUsedPersistentLaunchersParams.self, ParameterProvider.self, LauncherSpec.self, ExecutionLocation.self, ListParams.self,
        CreatePersistentLauncherParams.self, GetLauncherSysinfoParams.self, FSReadParams.self, FSWriteParams.self, FSSymlinkParams.self,
        FSRenameParams.self, FSLinkParams.self, WebSocketCall.self, RuntimeParameter.self, RuntimeOtherModel.self)
    private static let results = understandings(
        CreateModelOutcome.self, CreateStateResult.self, UploadStateResult.self, GetCreatingStatesResult.self, ModelState.self, Model.self,
        Snapshot.self, GetModelsResult.self, TrainingStatusResult.self, TrainingMetricsResult.self, EvaluateResult.self,
        GetEvaluationsResult.self, Dataset.self, GetDatasetsResult.self, GetEntriesResult.self, PersistentLauncher.self, FSStat.self,
        FSReaddirResult.self, SysinfoResult.self, RunFailure.self, APIError.self, ParameterDefinition.self, Owner.self)

    /// The text as JSON, and as one of the API's types. What is understood can be said again, and means the same.
    static func messages(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let choice = Int(reader.next(UInt8.self))
        let text = Array(reader.rest)
        let lenient = try? JSONValue.parse(text, leniency: [.nonFiniteNumbers, .loneSurrogates])
        guard let value = try? JSONValue.parse(text) else { return }
        precondition(lenient == value, "a leniency changed what a strict text means")
        // 2.0 is written as 2, which is another value and the same text.
        let written = value.serialized()
        precondition((try? JSONValue.parse(written))?.serialized() == written, "JSON changed when it was written again")
        let types = requests + results
        types[choice % types.count](value)
    }

    private static func understandings<each Message: Codable & Hashable & SendableMetatype>(
        _ type: repeat (each Message).Type
    ) -> [@Sendable (JSONValue) -> Void] {
        var found: [@Sendable (JSONValue) -> Void] = []
        repeat found.append(understanding(of: each type))
        return found
    }

    private static func understanding<Message: Codable & Hashable & SendableMetatype>(of type: Message.Type) -> @Sendable (JSONValue) -> Void {
        { value in understand(value, as: Message.self) }
    }

    private static func understand<Message: Codable & Hashable>(_ value: JSONValue, as type: Message.Type) {
        guard let message = try? value.decode(type), let written = try? JSONValue(encoding: message) else { return }
        do {
            let again = try written.decode(type)
            precondition(again == message, "\(type) changed when it was written again")
        } catch {
            preconditionFailure("\(type) cannot read what it wrote: \(error)")
        }
    }
}
