import ArgumentParser
import Foundation
import Strata

/// The way in: parses, runs one command as a task that signals can cancel, reports errors, ends with the exit code.
@main
enum Main {
    static func main() async {
        StateStore.keepFreedMemory()
        let signals = Signals()
        // Parsing keeps one processor busy; what most commands need next is loaded on another.
        Task.detached { await StateStore.prepareOpening() }
        let arguments = Array(CommandLine.arguments.dropFirst())
        let task = Task { await run(arguments, signals: signals) }
        signals.onFirst { task.cancel() }
        exit(await task.value.rawValue)
    }

    private static func run(_ arguments: [String], signals: Signals) async -> StrataExit {
        let isJSON = GlobalArguments.askForJSON(arguments)
        do {
            var command = try await parse(arguments)
            do {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            } catch {
                return report(error, isJSON: isJSON, signals: signals)
            }
            return .success
        } catch {
            return reportUsage(error, isJSON: isJSON)
        }
    }

    /// Parses by the named command alone: the root's parser sets up all commands first, which takes as long as a small command's work.
    /// Where that fails the root's has its say, since it tells what is wrong in the words of the whole command.
    private static func parse(_ arguments: [String]) async throws -> any ParsableCommand {
        let (command, words, given) = GlobalArguments.parted(arguments, for: StrataTool.self)
        if command.configuration.subcommands.isEmpty, let parsed = try? command.parseAsRoot(given), type(of: parsed) == command { return parsed }
        return try await StrataTool.asyncParseAsRoot(words + given)
    }

    /// A parser's error, or its way to ask for help.
    private static func reportUsage(_ error: any Error, isJSON: Bool) -> StrataExit {
        if StrataTool.exitCode(for: error) == .success { StrataTool.exit(withError: error) }
        let message = isJSON ? StrataTool.message(for: error) : StrataTool.fullMessage(for: error)
        let text = message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message
        ErrorReport(StrataError(.usage, text), exit: .usage).print(isJSON: isJSON)
        return .usage
    }

    private static func report(_ error: any Error, isJSON: Bool, signals: Signals) -> StrataExit {
        if error is BrokenPipe { return .success }
        // `strata help …` and a group without a command ask for help in this way.
        if StrataTool.exitCode(for: error) == .success { StrataTool.exit(withError: error) }
        let known = ErrorReport.known(error)
        var exit = StrataExit(known.code)
        if known.code == .cancelled, let signal = signals.received { exit = StrataExit(signal: signal) }
        ErrorReport(known, exit: exit).print(isJSON: isJSON)
        return exit
    }
}
