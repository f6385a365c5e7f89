import ArgumentParser

/// `mediactl quarantine clear DIGEST`: a source may go to a worker again.
struct QuarantineClear: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Forget what is known against a source, so that a worker gets it again.",
        discussion: "For the day that the codecs were updated, or the machine was at fault. Two more lost workers and "
            + "it is back. Versions that failed meanwhile are made by 'mediactl reprocess'."
    )
    static let operations = ["quarantine-clear"]

    @Argument(help: ArgumentHelp("The source's SHA-256, as 'quarantine list' shows it.", valueName: "digest"))
    var digest: String?

    @Flag(help: "Forget all sources.")
    var all = false

    @OptionGroup var common: OperationOptions

    func validate() throws {
        if (self.digest != nil) == self.all { throw ValidationError("name one digest, or say --all") }
    }

    var request: OperationRequest {
        OperationRequest("quarantine-clear", flags: ["all": self.all], values: ["digest": self.digest])
    }
}
