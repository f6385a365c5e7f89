import ArgumentParser
import MediaModel
import MediaRuntime

/// The origin service.
@main
struct Mediad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mediad",
        abstract: "An image origin that CDNs pull from.",
        version: Product.version,
        subcommands: [Serve.self]
    )

    static func main() async {
        ProcessorSlices.preferPromptness()
        await CommandExit.run(Self.self)
    }
}
