/// Who makes what is written: what a transaction enters in the columns `made_by`.
///
/// It goes with the task, as a trace's context does, so that whatever a caller causes counts for that caller, in the same
/// transaction, however far below the call it is made.
public enum Maker {
    /// The public id of the key that was shown; nil when nobody showed one.
    @TaskLocal public static var keyID: String?
}
