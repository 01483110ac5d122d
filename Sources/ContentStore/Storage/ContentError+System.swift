import Glibc

extension ContentError {
    /// The error of the system call that has just failed: one place where error numbers become codes and sentences.
    static func system(_ operation: String, _ path: String) -> ContentError {
        let number = Glibc.errno
        let reason = String(cString: strerror(number))
        let message = "cannot \(operation) `\(path)`: \(reason)"
        switch number {
        case ENOSPC, EDQUOT:
            return ContentError(.noSpace, message + "; free some space and try again", errno: number, path: path)
        case EMFILE, ENFILE:
            return ContentError(
                .tooManyOpenFiles, message + "; raise the limit of open files (ulimit -n)", errno: number, path: path)
        case ENOENT:
            return ContentError(.notFound, message, errno: number, path: path)
        default:
            return ContentError(.io, message, errno: number, path: path)
        }
    }
}
