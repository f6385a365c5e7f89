import ArgumentParser

/// `mediactl keys retire ID`: a key that nothing needs is destroyed.
struct KeysRetire: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Destroy a key that nothing needs any more: an envelope key, or a root key of the key ring.",
        discussion: "A key that a blob or another key needs is not retired. What is under it in older back-ups can be "
            + "read only with the copy of the keys that belongs to them."
    )
    static let operations = ["keys-retire"]

    @Argument(help: ArgumentHelp("The key's id, as 'keys list' shows it.", valueName: "id"))
    var key: String

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("keys-retire", values: ["key": self.key]) }
}
