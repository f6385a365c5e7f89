import ArgumentParser
import Logging
import MediaModel
import MediaRuntime
import MediaWorkers

/// `mediactl compare FIRST SECOND`.
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell how alike two pictures are, and what each weighs.",
        discussion:
            "Prints the structural similarity of their luma (SSIM, Wang et al. 2004; 1 where they are equal), its "
            + "signal-to-noise ratio (PSNR), and sizes. Both are decoded by a worker in its sandbox and taken as they "
            + "are seen: upright, in sRGB, on white where they let something through, an animation by its first frame."
    )

    @Argument(help: ArgumentHelp("The picture to compare with.", valueName: "first"), completion: .file())
    var first: String

    @Argument(help: ArgumentHelp("The picture to compare.", valueName: "second"), completion: .file())
    var second: String

    @Option(
        help: ArgumentHelp(
            "Write a PNG there: the first, the second, and their difference \(Comparison.differenceFactor) times over.",
            valueName: "file"
        ),
        completion: .file()
    )
    var out: String?

    @Flag(help: "Scale the second to the first one's size where they differ.")
    var resize = false

    @Option(
        name: .customLong("min-ssim"),
        help: ArgumentHelp("The least similarity that will do; the exit code is 3 below it.", valueName: "n")
    )
    var ssimMin: Double?

    @Flag(help: "One JSON object; without 'psnr' where the pictures are equal.")
    var json = false

    @OptionGroup(title: "Settings")
    var engine: EngineOptions

    @OptionGroup var file: ConfigFileOption

    func validate() throws {
        if let ssimMin = self.ssimMin, !(ssimMin > 0 && ssimMin <= 1) {
            throw ValidationError("--min-ssim: expected more than 0, up to 1")
        }
    }

    func run() async throws {
        var settings = try await Settings.load(flags: self.engine.values, configFile: self.file.config, for: .batch)
        settings.workers.count = 1
        let report: CompareReport
        do {
            report = try await self.compare(settings)
        } catch let failure as CompareFailure {
            CommandExit.complain(Printable.text("mediactl: \(failure)"))
            throw CommandExit.failed
        } catch let failure as ConvertFailure {
            CommandExit.complain(Printable.text("mediactl: \(failure)"))
            throw CommandExit.failed
        }
        CommandExit.say(self.json ? try JSONText.line(report) : report.lines.joined(separator: "\n"))
        guard let ssimMin = self.ssimMin, report.ssim < ssimMin else { return }
        CommandExit.complain("mediactl: the similarity is below \(ssimMin)")
        throw CommandExit.unmet
    }

    private func compare(_ settings: Settings) async throws -> CompareReport {
        let one = try await CompareSource.open(self.first, settings)
        let other = try await CompareSource.open(self.second, settings)
        if let out = self.out { try Self.check(out, isNone: [one.file, other.file]) }
        let job = CompareJob(
            first: one.picture,
            second: other.picture,
            limits: settings.image,
            isResizing: self.resize,
            isDrawing: self.out != nil
        )
        let comparison = try await self.ask(job, one, other, settings)
        guard let likeness = comparison.likeness else {
            throw CompareFailure(
                "\(self.first) is \(comparison.first.size.text) and \(self.second) \(comparison.second.size.text): "
                    + "give --resize to have the second scaled to the first one's size"
            )
        }
        if let out = self.out, let drawing = comparison.drawing { try await Self.write(drawing, to: out) }
        return CompareReport(
            first: CompareReport.Side(one, comparison.first),
            second: CompareReport.Side(other, comparison.second),
            likeness,
            out: self.out
        )
    }

    private func ask(
        _ job: CompareJob,
        _ one: CompareSource,
        _ other: CompareSource,
        _ settings: Settings
    ) async throws -> Comparison {
        var logger = Telemetry.startLogging(settings, program: "mediactl")
        // A worker that comes and goes is news in a service's log alone.
        if !settings.isGiven("log.level") { logger.logLevel = .warning }
        do {
            return try await Engine.with(settings, logger: logger) { pool, _ in
                try await pool.compare(job, first: one.file, second: other.file)
            }
        } catch let error as CompareError {
            logger.debug("Not compared", metadata: ["detail": "\(error.cause.detail)"])
            let path = error.picture == .first ? self.first : self.second
            throw CompareFailure("\(path) \(error.cause.code.advice)")
        } catch let error as RenderError {
            logger.debug("Not compared", metadata: ["detail": "\(error.detail)"])
            throw CompareFailure("comparing them \(Self.reason(error.code))")
        } catch let error as SourceFileError {
            throw CompareFailure("one of the pictures \(error)")
        }
    }

    /// What is neither picture's alone.
    private static func reason(_ code: RenderError.Code) -> String {
        switch code {
        case .deadline: "took too long; raise --render-deadline"
        case .crashed: "made the codec crash; report it with the pictures"
        default: "failed; --log-level debug says more"
        }
    }

    private static func check(_ out: String, isNone sources: [SourceFile]) throws {
        guard let source = sources.first(where: { $0.isThere(at: out) }) else { return }
        throw CompareFailure("--out would overwrite \(source.path): give another file")
    }

    private static func write(_ drawing: [UInt8], to path: String) async throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast().joined(separator: "/")
        do {
            let isAtRoot = parts.count > 1 && folder.isEmpty
            let place = isAtRoot ? "/" : folder.isEmpty ? "." : folder
            try await AtomicFile.write(drawing, to: String(parts.last ?? ""), in: place)
        } catch let error as SourceFileError {
            throw CompareFailure("\(error)")
        }
    }
}

/// Why two pictures are not compared, and what to do.
struct CompareFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
