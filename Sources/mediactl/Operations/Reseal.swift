import ArgumentParser

/// `mediactl reseal KEY-ID`: for the day that a key is known to be stolen.
struct Reseal: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Encrypt every blob under a key anew, with new data keys, and remove the old blobs.",
        discussion: "For a key that is known to be stolen: whoever has it may have the data keys it wraps, so that "
            + "wrapping them anew is not enough. Rotate first, and do not rewrap: a rewrap hides which blobs were "
            + "under the key in between. Where one came before, a finding says how many may have been. Retire the key "
            + "when this is done."
    )
    static let operations = ["reseal"]

    @Argument(help: ArgumentHelp("The stolen key's id, as 'keys list' shows it.", valueName: "key-id"))
    var key: String

    @Flag(
        help:
            "Take in blobs that were rewrapped from an older key to a newer one: they may have been under this key."
    )
    var passage = false

    @OptionGroup var common: OperationOptions

    var request: OperationRequest {
        OperationRequest("reseal", flags: ["passage": self.passage], values: ["key": self.key])
    }
}
