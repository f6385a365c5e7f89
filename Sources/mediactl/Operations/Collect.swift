import ArgumentParser

/// `mediactl collect`: what nothing names goes.
struct Collect: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Erase assets whose grace is over and remove blobs that nothing names.",
        discussion: "The service does this by itself every hour; here it is at once."
    )
    static let operations = ["collect"]

    @Option(
        help: ArgumentHelp(
            "Remove unnamed blobs of this age and older; a younger one may be of an upload that runs (default: 1h).",
            valueName: "time"
        )
    )
    var orphanAge: String?

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("collect", values: ["orphan-age": self.orphanAge]) }
}
