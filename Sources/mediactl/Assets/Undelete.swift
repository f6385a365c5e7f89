import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl undelete ASSET`: a deletion is taken back.
struct Undelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a deletion back; the asset's URLs answer as before.",
        discussion: "Until the grace (delete.grace of the service) is over. Caches at the edge may answer 410 a while "
            + "longer."
    )

    @Argument(help: ArgumentHelp("The asset's id.", valueName: "asset"), transform: AssetText.asset)
    var asset: AssetID

    @Flag(help: "Print the manifest as JSON on one line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.withClient(about: self.asset.description) { client in
            let answer = try await client.undelete(self.asset)
            CommandExit.say(self.json ? answer.text : answer.manifest.line(at: client.origin))
        }
    }
}
