import ArgumentParser

/// `mediactl keys rewrap`: what is stored goes under the current key.
struct KeysRewrap: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "rewrap",
        abstract: "Wrap the data keys of all stored blobs under the current envelope key; blob files stay as they are.",
        discussion: "Works while the service does, in batches; one that was interrupted goes on where it stopped. "
            + "Whoever has stolen a key may have the data keys as well: 'reseal' is for that day."
    )
    static let operations = ["keys-rewrap"]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("keys-rewrap") }
}
