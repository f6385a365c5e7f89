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

    @Option(
        help: ArgumentHelp(
            "What matters most in the pictures: fractions of width and height, as 0.4,0.25; as it was without.",
            valueName: "x,y"
        ),
        transform: AssetText.focus
    )
    var focus: FocalPoint?

    @Flag(name: .customLong("async"), help: "Do not wait for the renditions.")
    var isAsync = false

    @Flag(help: "Print each manifest as JSON, one a line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.forEach(of: self.assets, \.description) { asset, client in
            let answer = try await client.reprocess(asset, focus: self.focus, isAsync: self.isAsync)
            CommandExit.say(self.json ? answer.text : answer.manifest.line(at: client.origin))
        }
    }
}
