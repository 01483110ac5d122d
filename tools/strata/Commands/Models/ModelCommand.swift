import ArgumentParser

struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Makes, lists, shows, changes and deletes models.",
        discussion: """
            Example:
              strata model create minilm --files ./minilm --definitions minilm.json
            """,
        subcommands: [
            ModelCreateCommand.self, ModelListCommand.self, ModelShowCommand.self, ModelUpdateCommand.self,
            ModelDeleteCommand.self,
        ])
}
