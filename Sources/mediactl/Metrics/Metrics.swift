import ArgumentParser
import MediaRuntime

/// `mediactl metrics docs`: the page that docs/METRICS.md is.
struct Metrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the service says of itself at /metrics.",
        subcommands: [MetricsDocs.self]
    )
}

/// The page itself, on standard output.
struct MetricsDocs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Print all metrics, their labels and their meaning as a page in Markdown."
    )

    func run() async throws {
        // The page ends in a line break of its own.
        CommandExit.say(String(Telemetry.metricsPage.dropLast()))
    }
}
