import DecthingsAPI
import Testing

@Suite struct ResultTests {
    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONValue(encoding: value).serialized(), as: UTF8.self)
    }

    @Test func createStateResultsHaveExactlyOneKeyAndNoAbsentFields() throws {
        let success = CreateStateResult.success(
            durations: CreateStateDurations(total: 12, createState: 5), stateId: "s")
        #expect(try text(success) == #"{"success":{"durations":{"createState":5,"total":12},"stateId":"s"}}"#)
        let failed = CreateStateResult.failed(
            durations: CreateStateDurations(total: 12, createLauncher: 3),
            error: .codeTerminated(signal: "SIGKILL", oom: true))
        #expect(
            try text(failed)
                == #"{"failed":{"durations":{"createLauncher":3,"total":12},"error":{"code":"code_terminated","oom":true,"signal":"SIGKILL"}}}"#)
        for result in [success, failed] {
            #expect(try JSONValue(encoding: result).decode(CreateStateResult.self) == result)
        }
    }

    @Test func failuresCarryTheFieldsOfTheirCode() throws {
        #expect(try text(RunFailure(.cancelled)) == #"{"code":"cancelled"}"#)
        #expect(try text(RunFailure.maxDurationExceeded(at: .codeStartup)) == #"{"at":"codeStartup","code":"max_duration_exceeded"}"#)
        #expect(
            try text(RunFailure.exception(at: .createState, details: "Traceback"))
                == #"{"at":"createState","code":"exception","exceptionDetails":"Traceback"}"#)
        #expect(try text(RunFailure.codeTerminated(exitCode: 3, oom: false)) == #"{"code":"code_terminated","exitCode":3,"oom":false}"#)
        #expect(
            try text(RunFailure.invalidOutput(isWellFormed: false, details: "x"))
                == #"{"code":"invalid_output","details":"x","reason":"invalid"}"#)
    }

    @Test func createModelOutcomesHaveExactlyOneKey() throws {
        let durations = InitialStateDurations(createLauncher: 1, codeStartup: 2, createState: 3)
        let outcomes: [CreateModelOutcome] = [
            .success(durations), .failed(.cancelled),
            .failed(.createStateError(details: .exception(at: .createState, details: nil), durations: durations)),
        ]
        for outcome in outcomes {
            let json = try JSONValue(encoding: outcome)
            guard case .object(let members) = json else { throw WireError(.wrongType, "no object") }
            #expect(members.count == 1)
            #expect(try json.decode(CreateModelOutcome.self) == outcome)
        }
    }

    @Test func evaluationsRepeatTheirSuccessOnlyWhenAsked() throws {
        let success = EvaluateSuccess(
            totalDuration: 1, durations: EvaluateDurations(evaluate: 1),
            executedOnLauncher: .temporaryLauncher(LauncherSpec(cpus: 1, memoryMebibytes: 512)),
            output: [EvaluateOutput(name: "y")])
        let plain = try JSONValue(encoding: EvaluateResult.success(success))
        #expect(plain["evaluationSuccess"] == nil && plain["success"] != nil)
        let both = try JSONValue(encoding: EvaluateResult.repeatedSuccess(success))
        #expect(both["evaluationSuccess"] == both["success"])
        #expect(try both.decode(EvaluateResult.self) == .repeatedSuccess(success))
        // A whole number of cores is an integer token.
        #expect(try text(success).contains(#""cpus":1,"#))
    }

    @Test func modelsNameTheirActiveStateTwice() throws {
        let spec = LauncherSpec(cpus: 1, memoryMebibytes: 512)
        let model = Model(
            id: "m", name: "n", description: "", publicAccess: false, createdAt: 1_700_000_000_000, tags: [],
            owner: .user(id: "u", name: "me"), access: .readwrite, beingCreated: false, language: .python, wasm: false,
            image: ModelImage(
                domain: "d", repository: "r", reference: "latest", digest: "sha256:0", targetDomain: "d",
                targetRepository: "r", targetReference: "latest"),
            parameterDefinitions: ParameterDefinitions(),
            defaultLauncherSpecs: DefaultLauncherSpecs(createState: spec, evaluate: spec),
            maxDurationsSeconds: MaxDurationsSeconds(), filesystemSizeMebibytes: 32, ongoingTrainingSessions: [],
            trainingSessions: [],
            states: [
                ModelState(
                    id: "s", name: "initial", trainingOperations: [], createdAt: 1, beingDeleted: false,
                    state: [StateKey(key: "k", byteSize: 1 << 30)], mountedModels: [MountedModel(modelId: "o")])
            ],
            activeState: "s", snapshots: [])
        let json = try JSONValue(encoding: model)
        #expect(json["activeState"] == "s" && json["currentState"] == "s")
        #expect(json["basedOnSnapshot"] == nil)
        #expect(json["parameterDefinitions"]?["train"] == .array([]))
        #expect(try json.decode(Model.self) == model)
    }

    @Test func statSpellsNanosecondsBothWays() throws {
        let stat = FSStat(
            mode: 0o100644, nlink: 1, rdev: 0, size: 3, blksize: 4096, blocks: 8, atime: FSTime(sec: 1, nsec: 2),
            mtime: FSTime(sec: 3, nsec: 4), ctime: FSTime(sec: 5, nsec: 6))
        let json = try JSONValue(encoding: stat)
        #expect(json["mtime"] == 3 && json["mtime_nsec"] == 4 && json["mtimeNsec"] == 4)
        #expect(json["atime_nsec"] == 2 && json["ctimeNsec"] == 6)
        #expect(try json.decode(FSStat.self) == stat)
    }

    @Test func launcherStatesSurvive() throws {
        for state in [PersistentLauncherState.creating, .active, .deleting, .recreating(exited: true), .recreating(exited: false)] {
            #expect(try JSONValue(encoding: state).decode(PersistentLauncherState.self) == state)
        }
        #expect(try text(PersistentLauncherState.recreating(exited: true)) == #"{"previous":"exit","type":"recreating"}"#)
    }

    @Test func apiErrorsCarryTheFieldsOfTheirCode() throws {
        #expect(
            try text(APIError.datasetKeyNotFound("D", key: "k"))
                == #"{"code":"dataset_key_not_found","datasetId":"D","datasetKey":"k"}"#)
        let unsupported = APIError.unsupported(api: "Debug", method: "x")
        #expect(
            String(decoding: Envelope.error(unsupported).serialized(), as: UTF8.self)
                == #"{"error":{"code":"invalid_parameter","parameterName":"method","reason":"Debug/x is not supported by this server"}}"#)
        #expect(try text(unsupported) == #"{"code":"invalid_parameter","parameterName":"method","reason":"Debug/x is not supported by this server"}"#)
        for code in APIErrorCode.allCases {
            #expect(try Envelope(decoding: Envelope.error(APIError(code)).serialized()[...]) == .error(APIError(code)))
        }
    }

    @Test func methodsHaveAliasesAndListTheirCodes() {
        #expect(APIMethod(api: "Model", method: "setCurrentModelState") == .setActiveModelState)
        #expect(APIMethod(api: "Model", method: "waitForModelToBeCrated") == .waitForModelToBeCreated)
        #expect(APIMethod(api: "PersistentLaunchers", method: "getSysinfo") == .getLauncherSysinfo)
        #expect(APIMethod(api: "model", method: "createState") == nil)
        #expect(APIMethod(api: "Model", method: "") == nil)
        for method in APIMethod.allCases {
            #expect(APIMethod(api: method.api, method: method.method) == method)
            #expect(method.errorCodes.isSuperset(of: APIErrorCode.common))
        }
        #expect(APIMethod.getModels.errorCodes == APIErrorCode.common)
        #expect(APIMethod.createState.errorCodes.count == APIErrorCode.common.count + 10)
        #expect(APIMethod.createState.answerable(APIError(.stateNotFound)) == APIError(.unknown))
        #expect(APIMethod.createState.answerable(APIError(.accessDenied)) == APIError(.accessDenied))
        #expect(APIMethod.fsRename.errorCodes.contains(.notEmpty))
    }
}
