import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl reprocess ASSET…`: today's presets for pictures of yesterday.
struct Reprocess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new version of assets from the same source, with the presets of today.",
        discussion: "The versions there are stay as they are, and so do their URLs. Prints a line an asset. Goes on "
            + "after an asset that fails; the exit code is then 1."
    )

    @Argument(help: ArgumentHelp("The assets' ids.", valueName: "asset"), transform: AssetText.asset)
    var assets: [AssetID]

    @Flag(name: .customLong("async"), help: "Do not wait for the renditions.")
    var isAsync = false

    @Flag(help: "Print each manifest as JSON, one a line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.forEach(of: self.assets, \.description) { asset, client in
            let answer = try await client.reprocess(asset, isAsync: self.isAsync)
            CommandExit.say(self.json ? answer.text : answer.manifest.line(at: client.origin))
        }
    }
}
