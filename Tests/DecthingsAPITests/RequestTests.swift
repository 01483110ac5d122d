import DecthingsAPI
import Testing

@Suite struct RequestTests {
    private func decode<T: Decodable>(_ type: T.Type, _ json: String) throws(WireError) -> T {
        try JSONValue.parse(Array(json.utf8)).decode(type)
    }

    @Test(arguments: [
        (#"{"name":"x"}"#, ParameterProvider(name: "x")),
        (#"{"name":"x","data":null}"#, ParameterProvider(name: "x")),
        (#"{"name":"x","data":{"type":"data"}}"#, ParameterProvider(name: "x")),
        (#"{"name":"x","data":{"type":"dataset","datasetId":"D","datasetKey":"k"}}"#, ParameterProvider(name: "x", source: .dataset(id: "D", key: "k"))),
        (#"{"name":"x","data":{"type":"dataset","dataset_id":"D","dataset_key":"k"}}"#, ParameterProvider(name: "x", source: .dataset(id: "D", key: "k"))),
    ])
    func providersAreReadInEverySpelling(json: String, provider: ParameterProvider) throws {
        #expect(try decode(ParameterProvider.self, json) == provider)
        #expect(try JSONValue(encoding: provider).decode(ParameterProvider.self) == provider)
    }

    @Test func inlineProvidersTakeBlobsInOrder() throws {
        let providers = [
            ParameterProvider(name: "x"), ParameterProvider(name: "d", source: .dataset(id: "D", key: "k")),
            ParameterProvider(name: "y"),
        ]
        #expect(try providers.blobIndexes(blobCount: 2) == [0, nil, 1])
        for count in [0, 1, 3] {
            let error = wireError { () throws(WireError) in try providers.blobIndexes(blobCount: count) }
            #expect(error?.code == .blobCountMismatch && error?.field == "params")
        }
    }

    static let createState = #"""
        {"modelId":"m","name":"s","params":[{"name":"x"}],
         "mountModels":[{"modelId":"a"},{"modelId":"b","stateId":"s1"},{"modelId":"c","snapshotId":"n1"}],
         "executionLocation":{"type":"temporaryLauncher","spec":{"cpus":1.5,"memoryMebibytes":512,"gpus":{"model":"L4","count":1}}}}
        """#

    @Test func createStateCarriesEveryField() throws {
        let params = try decode(CreateStateParams.self, Self.createState)
        #expect(
            params
                == CreateStateParams(
                    modelId: "m", name: "s", params: [ParameterProvider(name: "x")],
                    mountModels: [
                        MountModel(modelId: "a"), MountModel(modelId: "b", stateId: "s1"),
                        MountModel(modelId: "c", snapshotId: "n1"),
                    ],
                    executionLocation: .temporaryLauncher(
                        LauncherSpec(cpus: 1.5, memoryMebibytes: 512, gpus: GPUSpec(model: "L4", count: 1)))))
        #expect(try JSONValue(encoding: params).decode(CreateStateParams.self) == params)
    }

    /// What the caller is told: the top-level field, and a sentence with the whole path.
    @Test(arguments: [
        ("\"modelId\":\"m\",", "", "modelId", "modelId is missing"),
        ("\"modelId\":\"m\"", "\"modelId\":7", "modelId", "must be a string, not an integer"),
        ("\"name\":\"s\"", "\"name\":null", "name", "must be a string, not null"),
        ("[{\"name\":\"x\"}]", "[{}]", "params", "params[0].name is missing"),
        ("\"stateId\":\"s1\"", "\"stateId\":\"s1\",\"snapshotId\":\"n\"", "mountModels", "both stateId and snapshotId"),
        ("\"memoryMebibytes\":512", "\"memoryMebibytes\":0", "executionLocation", "executionLocation.spec.memoryMebibytes must be above 0"),
        ("\"memoryMebibytes\":512", "\"memoryMebibytes\":1.5", "executionLocation", "must be an integer"),
        ("temporaryLauncher", "elsewhere", "executionLocation", "not elsewhere"),
    ])
    func faultyFieldsAreNamed(find: String, put: String, parameter: String, sentence: String) throws {
        let json = Self.replacing(find, with: put, in: Self.createState)
        let error = try #require(wireError { () throws(WireError) in try decode(CreateStateParams.self, json) })
        let refusal = APIError(error)
        #expect(refusal.code == .invalidParameter)
        #expect(refusal.parameterName == parameter)
        #expect(refusal.reason?.contains(sentence) == true, "\(refusal)")
    }

    private static func replacing(_ find: String, with put: String, in text: String) -> String {
        let parts = text.split(separator: find, maxSplits: 1, omittingEmptySubsequences: false)
        precondition(parts.count == 2)
        return parts.joined(separator: put)
    }

    @Test func definitionsOfOlderClientsGetTheirDefaults() throws {
        let old = try decode(ParameterDefinition.self, #"{"name":"x","rules":{"shape":[-1,2],"allowedTypes":["f32"]}}"#)
        #expect(old.required && old.rules.annotations.isEmpty)
        let json = try JSONValue(encoding: old)
        #expect(json["required"] == true && json["rules"]?["annotations"] == .array([]))
        #expect(throws: WireError.self) {
            try decode(ParameterDefinition.self, #"{"name":"x","rules":{"shape":[-2],"allowedTypes":[]}}"#)
        }
        #expect(throws: WireError.self) {
            try decode(ParameterDefinition.self, #"{"name":"x","rules":{"shape":[],"allowedTypes":["f16"]}}"#)
        }
    }

    @Test func misfitsAreExplained() {
        let vector = ParameterDefinition(name: "x", rules: ParameterRules(shape: [-1, 2], allowedTypes: [.f32]))
        #expect(vector.misfit(Tensor([Float(1), 2], shape: [1, 2])) == nil)
        #expect(vector.misfit(Tensor([Float(1), 2], shape: [2, 1])) == "parameter x: shape [2, 1] does not fit [-1, 2]: dimension 1 is 1, not 2")
        #expect(vector.misfit(.scalar(Float(1)))?.contains("0 dimensions") == true)
        #expect(vector.misfit(Tensor([1.0, 2], shape: [1, 2])) == "parameter x: type f64 is not among f32")
        let anything = ParameterDefinition(name: "y", required: false, rules: ParameterRules(shape: [], allowedTypes: []))
        #expect(anything.misfit(.scalar("text")) == nil)

        let definitions = [vector, anything]
        let good = Tensor([Float(1), 2], shape: [1, 2]).header
        #expect(definitions.misfit([("x", [good, good])]) == nil)
        #expect(definitions.misfit([("y", [])])?.contains("x is required") == true)
        #expect(definitions.misfit([("x", [good]), ("z", [])])?.contains("z is not declared") == true)
        #expect(definitions.misfit([("x", [good]), ("x", [])])?.contains("more than once") == true)
        #expect([ParameterDefinition]().misfit([("z", [good])]) == nil)
        #expect([ParameterDefinition]().misfit([("z", []), ("z", [])]) != nil)
    }

    @Test func uploadedKeysMustMatchTheirBlobsAndDiffer() throws {
        let params = UploadStateParams(modelId: "m", name: "s", stateKeyNames: ["a", "b"])
        #expect(throws: Never.self) { try params.checkKeys(blobCount: 2) }
        #expect(throws: WireError.self) { try params.checkKeys(blobCount: 1) }
        let repeated = UploadStateParams(modelId: "m", name: "s", stateKeyNames: ["a", "a"])
        #expect(throws: WireError.self) { try repeated.checkKeys(blobCount: 2) }
    }

    @Test func datasetBlobsFollowTheClientsOrder() throws {
        #expect(try DatasetKeyOrder.blobOrder(received: ["b", "a"], datasetKeys: ["a", "b"]) == ["a", "b"])
        // U+FF41 sorts after U+1F600 by UTF-16 unit (JavaScript), before it by code point (Python).
        #expect(try DatasetKeyOrder.blobOrder(received: ["😀", "ａ"], datasetKeys: ["ａ", "😀"]) == ["😀", "ａ"])
        #expect(try DatasetKeyOrder.blobOrder(received: ["ａ", "😀"], datasetKeys: ["ａ", "😀"]) == ["ａ", "😀"])
        #expect(throws: WireError.self) { try DatasetKeyOrder.blobOrder(received: ["a"], datasetKeys: ["a", "b"]) }
        #expect(try DatasetKeyOrder.entryCount(blobCount: 6, keyCount: 2) == 3)
        #expect(throws: WireError.self) { try DatasetKeyOrder.entryCount(blobCount: 5, keyCount: 2) }
        #expect(try decode(EntrySelection.self, "[2,0,2]") == .indexes([2, 0, 2]))
        #expect(try decode(EntrySelection.self, #"{"start":1,"end":3}"#) == .range(start: 1, end: 3))
        #expect(throws: WireError.self) { try decode(EntrySelection.self, "[-1]") }
    }

    @Test func fileNamesAreBase64AndChecked() throws {
        #expect(try decode(FSName.self, #""bWFpbi5weQ==""#).bytes == Array("main.py".utf8))
        #expect(try JSONValue(encoding: FSName("main.py".utf8)) == "bWFpbi5weQ==")
        for bad in ["", "Lg==", "Li4=", "YS9i", "YQBi", "bWFpbi5weQ", "bWFp\\n", "YR==", "Y===", "===="] {
            #expect(throws: WireError.self, "\(bad)") { try decode(FSName.self, "\"\(bad)\"") }
        }
        for seed in 1...50 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.bytes(Int(seed % 17))
            #expect(Base64Bytes.decode(Base64Bytes(bytes).text) == bytes, "seed \(seed)")
        }
        let write: JSONValue = ["modelId": "m", "inode": 1, "offset": 0]
        #expect(FSWriteParams.isMisnamedWrite(write, blobCount: 1))
        #expect(!FSWriteParams.isMisnamedWrite(write, blobCount: 0))
    }

    @Test func modelOptionsSayHowManyBlobsTheyNeed() throws {
        let json = #"{"type":"basedOnModelSnapshot","modelId":"m","snapshotId":"n","initialState":{"method":"upload","name":"s","stateKeyNames":["a","b"]}}"#
        let options = try decode(CreateModelOptions.self, json)
        #expect(options.blobCount == 2)
        #expect(try JSONValue(encoding: options).decode(CreateModelOptions.self) == options)
        #expect(try decode(CreateModelOptions.self, #"{"type":"code","language":"python"}"#).blobCount == 0)
        #expect(throws: WireError.self) { try decode(CreateModelOptions.self, #"{"type":"code","language":"cobol"}"#) }
        #expect(throws: WireError.self) { try decode(CreateModelParams.self, "[]") }
    }

    @Test func pagesAreBounded() throws {
        #expect(try ListParams().page() == (0, 20))
        #expect(try ListParams(offset: 5, limit: 1000).page() == (5, 100))
        #expect(throws: WireError.self) { _ = try ListParams(offset: -1).page() }
    }
}
