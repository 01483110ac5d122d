import Dispatch
import Foundation
import Synchronization

/// Looks again and again at what a session uses, and says once that it is too much.
///
/// Costs a sleeping thread, and at most about a fifth of a core for looking, however long that takes. What the processes
/// take in a pause goes unseen until the next look.
final class Watchdog: Sendable {
    /// What was found beyond its bound.
    enum Breach: Sendable, Hashable {
        case memory(bytes: Int64, bytesMax: Int64)
        case processes(count: Int, countMax: Int)
        case disk(bytes: Int64, bytesMax: Int64)

        /// A sentence.
        var reason: String {
            switch self {
            case .memory(let bytes, let bytesMax):
                "the model's processes took \(bytes) bytes of memory, allowed are \(bytesMax); raise the launcher's memoryMebibytes"
            case .processes(let count, let countMax):
                "the model had \(count) processes and threads, allowed are \(countMax); raise processCountMax"
            case .disk(let bytes, let bytesMax):
                "the model's scratch folders took \(bytes) bytes of disk, allowed are \(bytesMax); raise the launcher's diskMebibytes"
            }
        }
    }

    private let stopping = DispatchSemaphore(value: 0)
    private let stopped = DispatchSemaphore(value: 0)
    private let found = Mutex<Breach?>(nil)

    /// What was found, nil while all is well.
    var breach: Breach? { found.withLock { $0 } }

    /// Starts looking, until something is found or `stop()`.
    ///
    /// - Parameters:
    ///   - pauseMilliseconds: shortest time between two looks.
    ///   - look: answers what is too much; may block.
    ///   - whenFound: called once, on the thread that looks, until it answers true: the processes are gone.
    init(
        pauseMilliseconds: Int, look: @escaping @Sendable () -> Breach?,
        whenFound: @escaping @Sendable (Breach) -> Bool
    ) {
        let thread = Thread { [stopping, stopped, weak self] in
            defer { stopped.signal() }
            var pause = pauseMilliseconds
            var known: Breach?
            while stopping.wait(timeout: .now() + .milliseconds(pause)) == .timedOut {
                let begin = DispatchTime.now().uptimeNanoseconds
                if known == nil, let breach = look() {
                    known = breach
                    self?.found.withLock { $0 = breach }
                }
                if let known, whenFound(known) { return }
                let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin
                pause = max(pauseMilliseconds, Int(min(nanoseconds / 250_000, 2_000)))
            }
        }
        thread.name = "model-watchdog"
        thread.stackSize = 512 << 10
        thread.start()
    }

    /// Ends the thread and waits for it. Call once. Blocks as long as a look takes.
    func stop() {
        stopping.signal()
        stopped.wait()
    }
}
