import ArgumentParser

/// `mediactl keys rotate`: new blobs get a new key from now on.
struct KeysRotate: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new envelope key, which seals new blobs from now on.",
        discussion: "With --root, make a new root key instead, which wraps envelope keys from now on. What there is "
            + "stays under its keys until 'keys rewrap'; no blob is touched."
    )
    static let operations = ["keys-rotate"]

    @Flag(help: "Make a new root key, not an envelope key; for a key ring, since a KMS makes its own.")
    var root = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("keys-rotate", flags: ["root": self.root]) }
}
