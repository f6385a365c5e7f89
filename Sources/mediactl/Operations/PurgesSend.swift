import ArgumentParser

/// `mediactl purges send ASSET`: every target drops what it has of an asset.
struct PurgesSend: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Have every target drop what it has of an asset.",
        discussion: "Nothing is wrong with the asset afterwards: what is asked for is fetched again. Also of a deleted "
            + "asset."
    )
    static let operations = ["purges-send"]

    @Argument(help: ArgumentHelp("The asset's id.", valueName: "asset"))
    var asset: String

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("purges-send", values: ["asset": self.asset]) }
}
