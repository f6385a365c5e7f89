import ArgumentParser
import MediaModel
import MediaRuntime

/// The operator's and the batch user's command line.
@main
struct Mediactl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mediactl",
        abstract: "Upload pictures to an image origin, look after what it stores, and convert pictures without one.",
        discussion: "Exit codes: 0 done, 1 failed, 2 usage, 3 a check not met.",
        version: Product.version,
        subcommands: [CommandDocs.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Assets",
                subcommands: [
                    Upload.self, Show.self, Versions.self, Rollback.self, Reprocess.self, Delete.self, Undelete.self,
                ]
            ),
            CommandGroup(
                name: "Operations",
                subcommands: [
                    Keys.self, Reseal.self, Fsck.self, Scrub.self, Quarantine.self, Purges.self, Warm.self,
                    Collect.self, Backup.self, Restore.self,
                ]
            ),
            CommandGroup(name: "Performance", subcommands: [Bench.self]),
            CommandGroup(
                name: "This machine",
                subcommands: [Convert.self, Compare.self, Sign.self, Config.self, Metrics.self]
            ),
        ]
    )

    static func main() async { await CommandExit.run(Self.self) }
}
