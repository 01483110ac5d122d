public import Glibc

/// What goes wrong, and when.
public struct Fault: Sendable, Hashable {
    public enum Duration: Sendable, Hashable, CaseIterable {
        /// One operation fails; the next ones work.
        case transient
        /// That operation and all after it fail until the disk is healed.
        case lasting
    }

    public enum Effect: Sendable, Hashable {
        /// The operation fails with this error number: EIO, ENOSPC, EMFILE, EROFS.
        case error(Int32)
        /// A read of a file answers half of the bytes, as if the file ended there. Other operations work, SQLite's too.
        case shortRead
    }

    /// 1 is the first operation after the fault was set.
    public var operation: Int
    public var duration: Duration
    public var effect: Effect

    public init(operation: Int, _ duration: Duration, _ effect: Effect = .error(EIO)) {
        precondition(operation >= 1, "operations are counted from 1")
        (self.operation, self.duration, self.effect) = (operation, duration, effect)
    }
}
