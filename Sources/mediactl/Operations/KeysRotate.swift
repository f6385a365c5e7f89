import ArgumentParser

/// `mediactl keys rotate`: new blobs get a new key from now on.
struct KeysRotate: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new envelope key, which seals new blobs from now on.",
        discussion: "What is stored stays under its keys until 'keys rewrap'. With --root, the root key is replaced "
            + "and every envelope key is wrapped under the new one; no blob is touched."
    )
    static let operations = ["keys-rotate"]

    @Flag(help: "Replace the root key, not the envelope key.")
    var root = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("keys-rotate", flags: ["root": self.root]) }
}
