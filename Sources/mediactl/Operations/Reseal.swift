import ArgumentParser

/// `mediactl reseal KEY-ID`: for the day that a key is known to be stolen.
struct Reseal: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Encrypt every blob under a key anew, with new data keys, and remove the old blobs.",
        discussion: "For a key that is known to be stolen: whoever has it may have the data keys it wraps, so that "
            + "wrapping them anew is not enough. Rotate first; retire the key when this is done."
    )
    static let operations = ["reseal"]

    @Argument(help: ArgumentHelp("The stolen key's id, as 'keys list' shows it.", valueName: "key-id"))
    var key: String

    @Flag(
        help:
            "Take in blobs whose first key is older and which were rewrapped since: they may have been under this key."
    )
    var passage = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest {
        OperationRequest("reseal", flags: ["passage": self.passage], values: ["key": self.key])
    }
}
