import Foundation
import Strata
import StrataTesting

// A second process for tests of StrataTests/Processes. Tells on standard output what the store has acknowledged.
//
//     CrashWriter commit-loop STORE MODEL SIZE    one line a commit: state id and seed of its contents; until killed
//     CrashWriter read-loop STORE MODEL SECONDS   reads and checks states; one line a state that was read whole
//     CrashWriter create-hang STORE MODEL SIZE    creates a state, mounting the model itself, and stops after SIZE bytes of
//                                                 the first key; one line then: the state's id
//     CrashWriter train-hang|evaluate-hang|createState-hang STORE MODEL COUNT
//                                                 starts an operation that reports COUNT metrics and hangs; one line then: its id;
//                                                 how it failed in another, should it end
//     CrashWriter few-files STORE MODEL SIZE      commits while no file can be opened, and again when that is over; two lines
//                                                 then: the refusal, and `committed`

let arguments = CommandLine.arguments
guard arguments.count == 5, let model = ModelID(arguments[3]), let number = Int(arguments[4]) else {
    FileHandle.standardError.write(Data("usage: CrashWriter commit-loop|read-loop|create-hang|train-hang|evaluate-hang|createState-hang|few-files STORE MODEL NUMBER\n".utf8))
    exit(64)
}

/// Whole lines, at once: what the parent has read was acknowledged.
@Sendable func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

do {
    ProcessContents.prepare()
    switch arguments[1] {
    case "commit-loop":
        let store = try await StateStore.open(at: arguments[2])
        tell("ready")
        while true {
            let contents = ProcessContents(seed: .random(in: 0...UInt64.max), sizeBytes: number)
            let state = try await store.commitState(of: model, named: contents.stateName) { try await contents.write(to: $0) }
            tell("\(state.id) \(contents.stateName)")
        }
    case "read-loop":
        let store = try await StateStore.open(at: arguments[2], .readOnly)
        tell("ready")
        let end = ContinuousClock.now + .seconds(number)
        while ContinuousClock.now < end {
            for state in try await store.states(of: model, limit: 1000).items where state.name != "initial" {
                try await ProcessContents.check(state, in: store)
                tell("\(state.id)")
            }
        }
        try await store.close()
    case "create-hang":
        let store = try await StateStore.open(at: arguments[2])
        tell("ready")
        let request = CreateStateRequest(modelID: model, name: "never", mounts: [MountRequest(modelID: model)])
        let executor = ClosureExecutor { _, receiver in
            try await receiver.beginKey("key", sizeBytes: nil)
            try await receiver.write(SeededBytes.random(number, seed: 1)[...])
            tell("\(request.stateID)")
            try await Task.sleep(for: .seconds(3600))
        }
        _ = try await store.createState(request, on: executor)
    case "train-hang", "evaluate-hang", "createState-hang":
        let store = try await StateStore.open(at: arguments[2])
        tell("ready")
        let failure = try await HangingOperation(store: store, model: model, metricCount: number).run(arguments[1], tell)
        tell(failure.code)
        try await store.close()
    case "few-files":
        let store = try await StateStore.open(at: arguments[2])
        tell("ready")
        let bytes = SeededBytes.random(number, seed: 8)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let before = limit
        limit.rlim_cur = 3
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        do {
            _ = try await store.commitState(of: model, named: "s") { try await $0.write("k", bytes) }
            tell("not refused")
        } catch {
            tell("refused \((error as? StrataError)?.description ?? "with another error: \(error)")")
        }
        limit = before
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = try await store.commitState(of: model, named: "s") { try await $0.write("k", bytes) }
        tell("committed")
        try await store.close()
    default:
        exit(64)
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
