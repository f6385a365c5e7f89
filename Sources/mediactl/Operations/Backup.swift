import ArgumentParser

/// `mediactl backup --to DIR`: a copy that can be restored.
struct Backup: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Copy the catalog and the blobs to a folder, while the service runs.",
        discussion: "A folder that has an older back-up gets what is new. Root keys are not copied: keep the key ring "
            + "elsewhere. A back-up of another catalog is not replaced unasked. The path is one of the machine that "
            + "the service runs on."
    )
    static let operations = ["backup"]

    @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir"), completion: .directory)
    var to: String

    @Flag(help: "Replace the back-up of another catalog that the folder holds; it is gone then.")
    var replaceOther = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest {
        OperationRequest(
            "backup",
            flags: ["replace-other": self.replaceOther],
            values: ["to": OperationPath.absolute(self.to)]
        )
    }
}
