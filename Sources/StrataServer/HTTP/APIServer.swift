import DecthingsAPI
import Logging
import Metrics
import ModelRuntime
import NIOCore
import Strata
import Synchronization
import Tracing

/// Takes the calls of Decthings clients over HTTP and WebSocket and has an `APIService` answer them.
///
/// Mount it into a Hummingbird application of your own:
/// ```swift
/// let api = APIServer(service: APIService(store: store, executor: executor))
/// let router = Router()
/// router.addDecthingsAPI(api)
/// let app = Application(router: router, server: try api.serverBuilder())
/// try await app.runService()
/// await api.stop()
/// ```
/// or run it alone with `ServerProcess`, as `strata serve` does.
///
/// A call runs in a task of its own, so it goes on when its connection drops. All state is bounded by `ServerOptions`.
public final class APIServer: Sendable {
    public let service: APIService
    public let options: ServerOptions

    let calls: RunningCalls
    let gate: CallGate
    let observer: CallObserver
    private let nextRequestNumber = Atomic<UInt64>(0)
    private let requestPrefix = String(UInt32.random(in: .min ... .max), radix: 36)

    /// - Parameter service: answers the calls; its store is asked for keys, rights and quotas.
    public convenience init(service: APIService, options: ServerOptions = ServerOptions()) {
        self.init(service: service, options: options, answering: nil)
    }

    /// - Parameter answering: what admitted calls go to instead of the service, in tests of the transport.
    init(
        service: APIService, options: ServerOptions, answering: (@Sendable (Call, any AnswerSink) async throws -> Void)?
    ) {
        self.service = answering.map { APIService(like: service, performing: $0) } ?? service
        self.options = options
        calls = RunningCalls(countMax: options.runningCallsMax)
        gate = CallGate(store: service.store, options: options)
        observer = CallObserver(metrics: options.metrics, logger: options.logger)
    }

    /// How many calls run now.
    public var runningCallCount: Int { calls.count }

    /// Takes no further calls (they are answered `too_many_requests`) and waits for those that run.
    ///
    /// - Parameters:
    ///   - graceSeconds: after this those that still run are ended; their clients see how that ended. Models' code is ended
    ///     with its launcher, as `launcher_terminated`: then the executor is closed.
    ///   - cancelling: end them at once.
    public func stop(graceSeconds: Double = 30, cancelling: Bool = false) async {
        calls.stop()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.calls.drained() }
            group.addTask {
                if !cancelling { try? await Task.sleep(for: .seconds(graceSeconds)) }
                if !Task.isCancelled { await self.endCalls() }
            }
            await group.next()
            group.cancelAll()
        }
        await calls.drained()
    }

    /// What runs models is not cancelled with the call that waits for it, and has no bound of its own.
    private func endCalls() async {
        guard calls.count > 0 else { return }
        calls.cancelAll()
        await service.executor.close()
    }

    func makeRequestID() -> String {
        "\(requestPrefix)-\(nextRequestNumber.add(1, ordering: .relaxed).newValue)"
    }

    /// Starts a call in a task of its own.
    ///
    /// - Parameter onEnd: runs when nothing more will be answered.
    /// - Returns: false when no further call may run: then nothing was answered.
    func start(_ incoming: IncomingCall, answerTo sink: any AnswerSink, onEnd: @escaping @Sendable () async -> Void) -> Bool {
        calls.start { [self] in
            await perform(incoming, answerTo: sink)
            await onEnd()
        }
    }

    private func perform(_ incoming: IncomingCall, answerTo sink: any AnswerSink) async {
        let known = APIMethod(api: incoming.api, method: incoming.method)
        await observer.observe(incoming, method: known) { [self] in
            do throws(APIError) {
                guard let method = known else {
                    _ = try await gate.caller(showing: incoming.key)
                    throw APIError.unsupported(api: incoming.api, method: incoming.method)
                }
                let admission = try await gate.admit(incoming, as: method)
                defer { admission.hold.callHasEnded() }
                let call = Call(
                    method: method, params: admission.params, blobs: incoming.blobs, caller: admission.caller,
                    client: incoming.client, requestID: incoming.requestID, hold: admission.hold, injected: admission.injected)
                return await service.answer(call, to: sink)
            } catch {
                let answered = known?.answerable(error) ?? error
                try? await sink.begin(.error(answered), blobSizesBytes: [])
                return answered.code
            }
        }
    }
}
