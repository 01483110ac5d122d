import ArgumentParser
import Foundation
import Strata

/// What every command that opens a store takes.
struct GlobalOptions: ParsableArguments {
    static let variable = "STRATA_STORE"
    static let defaultPath = "models.strata"

    @Option(
        name: .long,
        help: ArgumentHelp("The store's folder. (default: $\(Self.variable), else ./\(Self.defaultPath))", valueName: "dir"))
    var store: String?

    @Flag(name: .long, help: "Print one JSON document on standard output, errors as JSON on standard error.")
    var json = false

    var path: String {
        store ?? ProcessInfo.processInfo.environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultPath
    }

    var output: Output { Output(isJSON: json) }

    func validate() throws {
        if store?.isEmpty == true { throw ValidationError("The value of --store is empty; name the store's folder.") }
    }
}

/// Only `--json`, for commands that open no store.
struct JSONOption: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON document on standard output.")
    var json = false
}

/// Global options may stand before a command's words, where the parser does not look for them.
enum GlobalArguments {
    /// The command that is named, the words that name it, and what it is given: first `--store` and `--json` that stood before or
    /// between the words.
    static func parted(
        _ arguments: [String], for root: any ParsableCommand.Type
    ) -> (command: any ParsableCommand.Type, words: [String], given: [String]) {
        var rest = arguments[...]
        var words: [String] = []
        var globals: [String] = []
        var command = root
        while let first = rest.first {
            if first == "--json" || first.hasPrefix("--store=") {
                globals.append(first)
                rest = rest.dropFirst()
            } else if first == "--store", rest.count > 1 {
                globals.append(contentsOf: rest.prefix(2))
                rest = rest.dropFirst(2)
            } else if let next = command.configuration.subcommands.first(where: { $0._commandName == first }) {
                words.append(first)
                command = next
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        return (command, words, globals + rest)
    }

    static func askForJSON(_ arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }
}
