import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl delete ASSET…`: gone for every reader at once.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete assets: their URLs answer 410 at once.",
        discussion: "Asks for nothing. An asset can be taken back with 'undelete' until its grace (delete.grace of the "
            + "service) is over; with --immediate it cannot. Goes on after an asset that fails; the exit code is then "
            + "1."
    )

    private struct Line: Encodable {
        let id: String
        let state: String
    }

    @Argument(help: ArgumentHelp("The assets' ids.", valueName: "asset"), transform: AssetText.asset)
    var assets: [AssetID]

    @Flag(help: "Remove what is stored of them now, without a grace: for a takedown.")
    var immediate = false

    @Flag(help: "One JSON object a line.")
    var json = false

    @OptionGroup var options: AssetOptions

    func run() async throws {
        try await self.options.forEach(of: self.assets, \.description) { asset, client in
            try await client.delete(asset, immediately: self.immediate)
            CommandExit.say(try self.line(asset))
        }
    }

    private func line(_ asset: AssetID) throws -> String {
        if self.json {
            return try JSONText.line(Line(id: asset.description, state: self.immediate ? "erased" : "deleted"))
        }
        return self.immediate
            ? "\(asset): erased; it cannot be taken back"
            : "\(asset): deleted; until its grace is over, 'mediactl undelete \(asset)' takes it back"
    }
}
