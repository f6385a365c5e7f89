import ArgumentParser
import MediaRuntime

/// What all operations have in common on the command line.
struct OperationOptions: SettingsFlags {
    @Flag(help: "One JSON object a line: what is said as kind, text and fields.")
    var json = false

    @Flag(help: "Say how far it is on standard error, also where that is no terminal.")
    var progress = false

    @OptionGroup(title: "Settings") var storage: StorageOptions
    /// Of renditions that are made again. Rarely wanted, and many: `--help-hidden` lists them.
    @OptionGroup(title: "Settings", visibility: .hidden) var engine: EngineOptions
    @OptionGroup(title: "Settings") var file: ConfigFileOption

    var progressForm: OperationPrinter.ProgressForm {
        if self.progress { return .lines }
        return Terminal.isThere && !self.json ? .passing : .dropped
    }
}
