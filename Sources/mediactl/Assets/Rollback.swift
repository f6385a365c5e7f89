import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl rollback ASSET --to N`: `latest` is an older version again.
struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make 'latest' another version that is ready, until a newer one becomes ready.",
        discussion: "Nothing is removed: 'rollback' with the newer number goes forward again."
    )

    @Argument(help: ArgumentHelp("The asset's id.", valueName: "asset"), transform: AssetText.asset)
    var asset: AssetID

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The version's number, as 'versions' shows it.", valueName: "n"),
        transform: AssetText.version
    )
    var version: VersionNumber

    @Flag(help: "Print the manifest of that version as JSON on one line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.withClient(about: self.asset.description) { client in
            let answer = try await client.setLatest(VersionRef(asset: self.asset, number: self.version))
            CommandExit.say(self.json ? answer.text : answer.manifest.line(at: client.origin))
        }
    }
}
