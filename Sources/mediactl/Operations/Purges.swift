import ArgumentParser

/// `mediactl purges`: what CDNs and other caches are still to be told.
struct Purges: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what caches are still to be told of changes, tell them of an asset, try again.",
        discussion: "Every change of 'latest', every deletion and its undoing is told to each target of purge.targets, "
            + "at least once and in order; what fails is tried again by itself.",
        subcommands: [PurgesList.self, PurgesSend.self, PurgesRetry.self]
    )
}
