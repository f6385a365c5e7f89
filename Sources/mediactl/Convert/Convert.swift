import ArgumentParser
import Logging
import MediaModel
import MediaRuntime

/// `mediactl convert PATH… --preset NAME --out DIR`: the service's engine on files, without the service.
struct Convert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert pictures on this machine with the presets and limits of the service.",
        discussion:
            "Writes DIR/<relative path>/<stem>.<preset>.webp. In folders, hidden files are left out and symbolic "
            + "links are not followed. A picture that is refused is a line of the report; the exit code is then 1."
    )

    @Argument(help: ArgumentHelp("Pictures, or folders of them.", valueName: "path"), completion: .file())
    var paths: [String]

    @Option(
        name: .customLong("preset"),
        help: ArgumentHelp("A preset to make; repeatable. Without it, all that are configured.", valueName: "name")
    )
    var names: [String] = []

    @Option(help: ArgumentHelp("The folder to write to; made where it is missing.", valueName: "dir"))
    var out: String

    @Flag(help: "One JSON object a line: each file, then the summary.")
    var json = false

    @OptionGroup(title: "Settings")
    var engine: EngineOptions

    @OptionGroup var file: ConfigFileOption

    private struct LastLine: Encodable {
        let summary: ConvertSummary
    }

    func run() async throws {
        let settings = try await Settings.load(flags: self.engine.values, configFile: self.file.config, for: .batch)
        let presets = try self.chosenPresets(of: settings)
        do {
            let plan = try await ConvertPlan.make(self.paths, output: self.out, presets: presets)
            let summary = try await self.convert(plan, settings)
            CommandExit.say(self.json ? try JSONText.line(LastLine(summary: summary)) : summary.line)
            if summary.refused > 0 { throw CommandExit.failed }
        } catch let failure as ConvertFailure {
            CommandExit.complain(Printable.text("mediactl: \(failure)"))
            throw CommandExit.failed
        }
    }

    private func convert(_ plan: ConvertPlan, _ settings: Settings) async throws -> ConvertSummary {
        var logger = Telemetry.startLogging(settings, program: "mediactl")
        // Workers that come and go are news in a service's log, not between the lines of a report.
        if !settings.isGiven("log.level") { logger.logLevel = .warning }
        let start = ContinuousClock.now
        var summary = try await Engine.with(settings, logger: logger) { renderer in
            var summary = ConvertSummary()
            let run = ConvertRun(
                renderer: renderer,
                limits: settings.image,
                sourceBytesMax: settings.upload.bytesMax,
                width: settings.workers.count,
                logger: logger
            )
            await run.run(plan) { outcome in
                summary.add(outcome)
                self.report(outcome)
            }
            return summary
        }
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        return summary
    }

    private func report(_ outcome: ConvertOutcome) {
        // An outcome is strings and numbers, which always encode.
        let line = self.json ? (try? JSONText.line(outcome)) ?? outcome.line : outcome.line
        CommandExit.say(line)
    }

    /// In the order in which they are configured, each once.
    private func chosenPresets(of settings: Settings) throws -> [Preset] {
        let known = settings.presets.map(\.name.description)
        if let unknown = self.names.first(where: { !known.contains($0) }) {
            CommandExit.complain(
                "mediactl: there is no preset '\(Printable.text(unknown))': expected \(known.joined(separator: ", ")), "
                    + "or add it with --presets or --config"
            )
            throw CommandExit.usage
        }
        return self.names.isEmpty
            ? settings.presets : settings.presets.filter { self.names.contains($0.name.description) }
    }
}
