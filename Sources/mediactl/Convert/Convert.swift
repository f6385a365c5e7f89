import ArgumentParser
import MediaModel
import MediaRuntime
import NIOPosix

/// `mediactl convert PATH… --preset NAME --out DIR`: the service's engine on files, without the service.
struct Convert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert pictures on this machine with the presets and limits of the service.",
        discussion:
            "Writes DIR/<relative path>/<stem>.<preset>.webp; two pictures of one stem in a folder keep their "
            + "extensions: a.jpg.<preset>.webp. In folders, hidden files are left out and symbolic links are not "
            + "followed. A picture that is refused is a line of the report; the exit code is then 1. ^C finishes what "
            + "is in work and says how to go on. docs/CONVERT.md has examples."
    )

    @OptionGroup var input: ConvertInput

    @Option(
        name: .customLong("preset"),
        help: ArgumentHelp(
            "A preset to make; repeatable. Without it and --recipe, all that are configured.",
            valueName: "name"
        )
    )
    var names: [String] = []

    @Option(
        name: .customLong("recipe"),
        help: ArgumentHelp(
            "Something else to make: 'w=640,q=75', or 'NAME:w=640,q=75' to name it; repeatable.",
            valueName: "options"
        )
    )
    var recipes: [String] = []

    @Option(help: ArgumentHelp("The folder to write to; made where it is missing.", valueName: "dir"))
    var out: String

    @Flag(help: "Make only what is missing, or is of another content, recipe or engine than the journal in DIR says.")
    var resume = false

    @Flag(help: "As --resume, and reads outputs to see whether they are what was written.")
    var verify = false

    @Option(help: ArgumentHelp("Only part I (from 0) of N, by the files' relative paths.", valueName: "i/n"))
    var shard: Shard?

    @Flag(help: "Say what would be written, and write nothing.")
    var dryRun = false

    @Option(
        name: .customLong("check"),
        help: ArgumentHelp(
            "A budget: 'bytes<=200KiB' for each output, 'NAME:bytes<=20KiB' for a preset's; repeatable. Exit code 3 "
                + "where one is not met.",
            valueName: "budget"
        )
    )
    var budgets: [ConvertBudget] = []

    @Flag(help: "One JSON object a line: each file, then the summary.")
    var json = false

    @Flag(help: "Say only what is refused or over its budget: no other lines, no progress, no summary.")
    var quiet = false

    @OptionGroup(title: "Settings")
    var engine: EngineOptions

    @OptionGroup var file: ConfigFileOption

    private struct LastLine: Encodable {
        let summary: ConvertSummary
    }

    func validate() throws {
        if self.dryRun, !self.budgets.isEmpty {
            throw ValidationError("--check needs what --dry-run does not make: outputs")
        }
    }

    func run() async throws {
        let settings = try await Settings.load(flags: self.engine.values, configFile: self.file.config, for: .batch)
        let presets = try ConvertRecipes.chosen(self.names, self.recipes, of: settings)
        try self.checkBudgets(presets)
        try await self.checkShard()
        let session = ConvertSession(
            origin: self.input.origin,
            output: self.out,
            presets: presets,
            mode: self.verify ? .verify : self.resume ? .resume : .all,
            shard: self.shard,
            isDry: self.dryRun,
            budgets: self.budgets,
            report: self.report,
            settings: settings
        )
        do {
            let summary = try await session.run()
            if !self.quiet {
                CommandExit.say(self.json ? try JSONText.line(LastLine(summary: summary)) : summary.line)
            }
            if let cause = session.stop.cause {
                CommandExit.complain(
                    "mediactl: stopped: \(Printable.text(cause)). To go on:\n    \(self.commandToGoOn)"
                )
                throw CommandExit.failed
            }
            if summary.refused > 0 { throw CommandExit.failed }
            if summary.unmet > 0 { throw CommandExit.unmet }
        } catch let failure as ConvertFailure {
            CommandExit.complain(Printable.text("mediactl: \(failure)"))
            throw CommandExit.failed
        }
    }

    /// Where both are a terminal, a line a file would drive away the bar, and what is of note with it.
    private var report: ConvertSession.Report {
        let hasBar = Terminal.isThere && !self.quiet
        let isBrief = self.quiet || (hasBar && Terminal.isOutput && !self.json)
        return ConvertSession.Report(hasBar: hasBar, isBrief: isBrief, json: self.json)
    }

    private func checkBudgets(_ presets: [Preset]) throws {
        let names = presets.map(\.name.description)
        guard let budget = self.budgets.first(where: { $0.preset.map { !names.contains($0) } ?? false }) else { return }
        CommandExit.complain(
            "mediactl: --check '\(Printable.text(budget.defaultValueDescription))' is about nothing that is made: "
                + "there are \(names.joined(separator: ", "))"
        )
        throw CommandExit.usage
    }

    /// A shard does not know what another one writes meanwhile, and would take it for a source.
    private func checkShard() async throws {
        guard self.shard != nil else { return }
        let (origin, output) = (self.input.origin, self.out)
        guard try await NIOThreadPool.singleton.runIfActive({ origin.mayLie(in: output) }) else { return }
        CommandExit.complain(
            "mediactl: --shard needs an --out without sources: one shard would convert what another has written there"
        )
        throw CommandExit.usage
    }

    /// The same once more, as a shell takes it.
    private var commandToGoOn: String {
        var words = ["mediactl"] + CommandLine.arguments.dropFirst()
        if !self.resume, !self.verify { words.append("--resume") }
        return words.map(ShellText.quoted).joined(separator: " ")
    }
}

/// Where the pictures are.
struct ConvertInput: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Pictures, folders of them, or quoted patterns ('photos/**/*.{jpg,png}'); - is a list on standard input.",
            valueName: "path"
        ),
        completion: .file()
    )
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "A list of pictures, one a line; - is standard input. Their folders are mirrored.",
            valueName: "file"
        ),
        completion: .file()
    )
    var filesFrom: String?

    @Flag(name: [.customShort("0"), .customLong("null")], help: "The list has a NUL after each path (find -print0).")
    var null = false

    func validate() throws {
        let isList = self.filesFrom != nil || self.paths == ["-"]
        if self.paths.isEmpty, self.filesFrom == nil { throw ValidationError("Missing expected argument '<path> ...'") }
        if self.filesFrom != nil, !self.paths.isEmpty {
            throw ValidationError("give paths or --files-from, not both: their outputs could be the same")
        }
        if self.paths.count > 1, self.paths.contains("-") {
            throw ValidationError("- is a list on standard input, and stands alone; a file of that name is ./-")
        }
        if let pattern = self.paths.first(where: Glob.hasTooManyChoices) {
            throw ValidationError("'\(Printable.text(pattern))' has braces for more than \(Glob.choicesMax) patterns")
        }
        if self.null, !isList { throw ValidationError("--null is about a list: - or --files-from") }
    }

    var origin: SourceFeed.Origin {
        if let list = self.filesFrom { return .list(list, hasNULs: self.null) }
        return self.paths == ["-"] ? .list("-", hasNULs: self.null) : .paths(self.paths)
    }
}
