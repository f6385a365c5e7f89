import ArgumentParser
import MediaModel
import MediaRuntime

/// The operator's and the batch user's command line.
@main
struct Mediactl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mediactl",
        abstract: "Upload pictures to an image origin, look at them, and convert pictures without one.",
        discussion: "Exit codes: 0 done, 1 failed, 2 usage, 3 a check not met.",
        version: Product.version,
        subcommands: [Upload.self, Show.self, Convert.self, Config.self]
    )

    static func main() async { await CommandExit.run(Self.self) }
}
