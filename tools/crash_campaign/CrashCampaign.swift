import ArgumentParser

/// Processes that work on one store and die at random moments; what they acknowledged must be there afterwards.
@main
struct CrashCampaign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash", abstract: "Kills processes that work on one store, at random, and looks at what they leave.",
        subcommands: [CampaignCommand.self, SoakCommand.self, WriterCommand.self, ReaderCommand.self, CollectorCommand.self],
        defaultSubcommand: CampaignCommand.self)
}
