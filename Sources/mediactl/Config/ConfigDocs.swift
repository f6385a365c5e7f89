import ArgumentParser
import MediaRuntime

/// `mediactl config docs`: the page that docs/CONFIGURATION.md is.
struct ConfigDocs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Print all settings, their defaults and their values as a page in Markdown."
    )

    func run() async throws {
        // The page ends in a line break of its own.
        CommandExit.say(String(Settings.markdownPage().dropLast()))
    }
}
