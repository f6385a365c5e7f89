import ArgumentParser

/// `mediactl restore --from DIR`: a data folder from a back-up.
struct Restore: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Make the data folder what a back-up says; the service must not run.",
        discussion: "Writes to data.dir, which must be empty or missing. The keys must be there: the key ring of the "
            + "back-up's day, or the KMS. Checks what it has restored; with --full every byte of it."
    )
    static let operations = ["restore"]

    @Option(help: ArgumentHelp("The back-up's folder.", valueName: "dir"), completion: .directory)
    var from: String

    @Flag(help: "Check every byte of what was restored, not only sizes and headers.")
    var full = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest {
        let from = OperationPath.absolute(self.from)
        return OperationRequest("restore", flags: ["full": self.full], values: ["from": from])
    }
}
