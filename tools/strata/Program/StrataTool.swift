import ArgumentParser

/// The root of all commands.
struct StrataTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "strata",
        abstract: "Keeps versions of models' states, and makes new ones by running model code.",
        discussion: """
            The store is the folder that --store names, else $STRATA_STORE, else ./models.strata. --store and --json \
            may stand before or behind a command's words.

            Models and datasets are named by name or id. States and snapshots are named by id, by a prefix of it of at \
            least 8 characters, or by a name that only one of them has; `active` is the model's active state.

            Example:
              strata init
              strata model create minilm --files ./minilm
              strata state upload minilm weights=model.safetensors --name v1 --activate
              strata state list minilm
            """,
        version: "strata 0.1.0",
        subcommands: [
            InitCommand.self, ModelCommand.self, FilesCommand.self, StateCommand.self, SnapshotCommand.self,
            DatasetCommand.self, CreateStateCommand.self, CreationsCommand.self, TrainCommand.self,
            EvaluateCommand.self, OperationsCommand.self, StatsCommand.self, VerifyCommand.self,
            CollectCommand.self, CompactCommand.self, PruneCommand.self, RepairCommand.self, BackupCommand.self,
            RestoreCommand.self, CopyCommand.self,
            ServeCommand.self, KeyCommand.self,
            DoctorCommand.self, ExitCodesCommand.self, JSONFieldsCommand.self,
        ])
}
