import ArgumentParser
import MediaModel
import MediaRuntime

/// `mediactl sign PATH`: the URL of a picture that a recipe without a name makes.
struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign the path of a picture that options describe, and print its URL.",
        discussion: """
            The path is /a/ASSET/vN/OPTIONS.webp (or .jpg, .avif), with options as presets have them in their one \
            spelling, for example w=640,h=480,fit=cover,q=75. Nothing is asked of the service: it knows the signature \
            by the same url.signing.keys. The URL begins with public.base.url where that is set.
            """
    )

    @Argument(help: ArgumentHelp("The path to sign.", valueName: "path"), transform: Self.signable)
    var path: DeliveryPath

    @OptionGroup var file: ConfigFileOption
    @OptionGroup(title: "Settings") var signing: SigningOptions

    func run() async throws {
        let settings = try await Settings.load(
            flags: self.signing.values,
            configFile: self.file.config,
            for: .client
        )
        guard let signer = try settings.recipeSigner() else {
            CommandExit.complain(
                "mediactl: url.signing.keys is not set: expected the keys that the service has, as "
                    + "--url-signing-keys ID:FILE, in the environment or in the file of --config"
            )
            throw CommandExit.usage
        }
        CommandExit.say((settings.publicBaseURL ?? "") + (try signer.signed(self.path)))
    }

    private static func signable(_ text: String) throws -> DeliveryPath {
        if let path = DeliveryPath(text), path.isSigned { return path }
        guard let canonical = Self.canonical(text) else {
            throw ValidationError("expected /a/ASSET/vN/OPTIONS.webp (or .jpg, .avif), OPTIONS as w=640,h=480,q=75")
        }
        throw ValidationError("the one spelling of that path is \(canonical)")
    }

    /// What the path would be if its options were spelt as they must be; nil where that is not all that is wrong.
    private static func canonical(_ text: String) -> DeliveryPath? {
        let folder = text.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = text.split(separator: "/").last ?? ""
        guard let dot = file.lastIndex(of: "."), let recipe = try? RecipeOptions.parse(file[..<dot]),
            recipe.formats == Recipe.formatsDefault
        else { return nil }
        let path = DeliveryPath("\(folder)/\(RecipeOptions.text(of: recipe))\(file[dot...])")
        return path.flatMap { $0.isSigned ? $0 : nil }
    }
}
