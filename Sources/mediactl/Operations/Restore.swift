import ArgumentParser

/// `mediactl restore --from DIR`: a data folder from a back-up.
struct Restore: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Make the data folder what a back-up says; the service must not run.",
        discussion: "Writes to data.dir, which must be missing, or empty but for the key ring. No back-up has the root "
            + "keys: put the key ring of the back-up's day there first, where it stays (or say with --key-ring-path "
            + "where it is, or name the KMS). Checks what it has restored: without a key sizes and the catalog, with "
            + "--full every byte. Run it as the service's user, whose the folder is to be."
    )
    static let operations = ["restore"]

    @Option(help: ArgumentHelp("The back-up's folder.", valueName: "dir"), completion: .directory)
    var from: String

    @Flag(help: "Check every byte of what was restored; the keys must be there.")
    var full = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest {
        let from = OperationPath.absolute(self.from)
        return OperationRequest("restore", flags: ["full": self.full], values: ["from": from])
    }
}
