import ArgumentParser

/// `mediactl purges retry`: what failed is tried now.
struct PurgesRetry: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try what has failed again now, instead of after its pause."
    )
    static let operations = ["purges-retry"]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("purges-retry") }
}
