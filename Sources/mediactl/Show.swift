import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl show ID`: what the service has of an asset.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show an asset: its state, source and renditions.")

    @Argument(help: "The asset's id, as upload printed it.")
    var id: String

    @Flag(help: "Print the manifest as JSON on one line.")
    var json = false

    @OptionGroup var client: ClientOptions
    @OptionGroup var file: ConfigFileOption

    func validate() throws {
        guard AssetID(self.id) != nil else {
            throw ValidationError(
                "'\(Printable.text(self.id))' is no asset's id: expected 26 characters of lowercase Crockford base32"
            )
        }
    }

    func run() async throws {
        let settings = try await Settings.load(
            flags: self.client.values,
            configFile: self.file.config,
            for: .client
        )
        // `validate` has refused anything else.
        guard let asset = AssetID(self.id) else { throw CommandExit.usage }
        do {
            let answer = try await OriginClient.with(settings) { try await $0.manifest(of: asset) }
            CommandExit.say(self.json ? answer.text : answer.manifest.page(at: settings.originURL))
        } catch let failure as OriginFailure {
            CommandExit.complain("\(asset): \(failure)")
            throw CommandExit.failed
        }
    }
}
