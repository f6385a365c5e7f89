import ArgumentParser
import FoundationEssentials
import MediaRuntime

/// `mediactl config`: what is set, and what can be.
struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the settings.",
        subcommands: [ConfigShow.self, ConfigDocs.self]
    )
}

/// `mediactl config show`: the effective settings and where each came from.
struct ConfigShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the effective settings and where each came from; secrets are masked.",
        discussion: "Settings that the service would not start with are reported, and the exit code is 2."
    )

    private struct JSONLine: Encodable {
        let key: String
        let value: String?
        let source: String
    }

    @Flag(help: "One JSON object a line.")
    var json = false

    @OptionGroup(title: "Settings")
    var options: SettingsOptions

    func run() async throws {
        let settings = try await Settings.load(flags: self.options.values, configFile: self.options.config)
        let lines = settings.describe()
        if self.json {
            for line in lines {
                CommandExit.say(try JSONText.line(JSONLine(key: line.key, value: line.value, source: line.source)))
            }
        } else {
            let rows = lines.map { [$0.key, Printable.text($0.value ?? "-"), Printable.text($0.source)] }
            for line in TextTable.lines(rows) { CommandExit.say(line) }
        }
    }
}
