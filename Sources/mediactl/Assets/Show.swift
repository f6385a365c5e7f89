import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl show ID`: what the service has of an asset.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show an asset: its state, source and renditions.")

    @Argument(help: ArgumentHelp("The asset's id, as upload printed it.", valueName: "id"), transform: AssetText.asset)
    var asset: AssetID

    @Flag(help: "Print the manifest as JSON on one line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.withClient(about: self.asset.description) { client in
            let answer = try await client.manifest(of: self.asset)
            CommandExit.say(self.json ? answer.text : answer.manifest.page(at: client.origin))
        }
    }
}
