import ArgumentParser

/// `mediactl scrub`: the check of all blobs that goes on in the background.
struct Scrub: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how far the background check of all blobs is.",
        subcommands: [ScrubStatus.self]
    )
}

/// `mediactl scrub status`: how far it is, and what it has found.
struct ScrubStatus: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how far the scrub is and which blobs are known to be damaged; the exit code is 3 if any is."
    )
    static let operations = ["scrub-status"]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("scrub-status") }
}
