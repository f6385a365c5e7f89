import ArgumentParser

/// `mediactl bench`: what a running service takes, and whether another build takes more.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a running service endpoint by endpoint, and compare two such measurements.",
        subcommands: [BenchMeasure.self, BenchCompare.self],
        defaultSubcommand: BenchMeasure.self
    )
}
