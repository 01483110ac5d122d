import CFaultVFS
import Glibc
import Synchronization

/// An SQLite VFS that asks a plan before each operation.
///
/// SQLite keeps the VFS for the rest of the process, since connections may outlast the disk; the plan goes with the disk,
/// and then everything passes through.
final class FaultFileSystem: Sendable {
    private static let plans = Mutex<[Int64: FaultPlan]>([:])
    private static let lastNumber = Atomic<Int64>(0)

    let name: String
    private let number: Int64
    private let plan: FaultPlan

    init(plan: FaultPlan) {
        self.plan = plan
        number = Self.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        name = "strata-faults-\(number)"
        Self.plans.withLock { $0[number] = plan }
        let code = cfv_register(name, number) { number, kind, path, offset, length, bytes in
            FaultFileSystem.answer(number, Int(kind), path, offset, length, bytes)
        }
        precondition(code == 0, "SQLite could not register the VFS `\(name)`: error \(code)")
    }

    deinit {
        plan.forget()
        // A plan whose disk has died goes on failing: what is still open belongs to a process that is no more.
        Self.plans.withLock { plans in
            if !plan.isDead { plans[number] = nil }
        }
    }

    /// An SQLite result code; 0 to go on.
    private static func answer(
        _ number: Int64, _ kind: Int, _ path: UnsafePointer<CChar>?, _ offset: Int64, _ length: Int64,
        _ bytes: UnsafeRawPointer?
    ) -> Int32 {
        guard let path, let plan = plans.withLock({ $0[number] }) else { return 0 }
        let action: DiskOperation.Action
        switch kind {
        case CFV_OPEN: action = .open(creates: length == 1)
        case CFV_READ: action = .read(offset: offset, length: Int(length))
        case CFV_WRITE:
            action = .write(offset: offset, bytes: Array(UnsafeRawBufferPointer(start: bytes, count: Int(length))))
        case CFV_TRUNCATE: action = .truncate(sizeBytes: offset)
        case CFV_SYNC: action = .sync(withFolder: length == 1)
        default: action = .remove(syncsFolder: length == 1)
        }
        guard case .fail(let errno) = plan.judge(String(cString: path), action, isDatabase: true) else { return 0 }
        return plan.isDead ? -resultCode(errno, action) : resultCode(errno, action)
    }

    /// What SQLite's own VFS answers when a system call fails like this.
    private static func resultCode(_ errno: Int32, _ action: DiskOperation.Action) -> Int32 {
        let inputOutput: Int32 = 10
        return switch action {
        case .open: 14  // SQLITE_CANTOPEN
        case .write where errno == ENOSPC: 13  // SQLITE_FULL
        case .read: inputOutput | 1 << 8
        case .write: inputOutput | 3 << 8
        case .sync: inputOutput | 4 << 8
        case .truncate: inputOutput | 6 << 8
        default: inputOutput | 10 << 8  // SQLITE_IOERR_DELETE
        }
    }
}
