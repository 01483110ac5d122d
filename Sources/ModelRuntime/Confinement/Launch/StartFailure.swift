/// Finds out whether a program was started at all by the commands in front of it.
enum StartFailure {
    /// Why the program could not be started, nil when it was.
    ///
    /// The commands exit with 126 or 127, `bwrap` with 1, and one line of their own then; a program that never connected
    /// but exits like that with such a line is taken for the same.
    static func reason(_ status: ExitStatus, _ standardError: CapturedOutput) -> String? {
        guard case .exited(let code) = status, [1, 126, 127].contains(code) else { return nil }
        let fronts = code == 1 ? [Bubblewrap.command] : [HostDeath.command, FrontCommand.name, Bubblewrap.signalReset, "taskset", Bubblewrap.command]
        let text = standardError.text
        guard let front = fronts.first(where: { text.hasPrefix($0 + ": ") }) else { return nil }
        return text.dropFirst(front.count + 2).split(separator: "\n").first.map(String.init)
    }
}
