import Logging
import MediaModel
import MediaRuntime
import NIOPosix

/// A conversion from its journal's opening to its last checkpoint.
struct ConvertSession: Sendable {
    /// What is said while it goes on.
    struct Report: Sendable {
        /// On the terminal.
        let hasBar: Bool
        /// Only what is of note has a line.
        let isBrief: Bool
        let json: Bool
    }

    /// How often the disk is synced: what a power cut can cost to read again.
    private static let checkpointInterval = Duration.seconds(10)

    let origin: SourceFeed.Origin
    let output: String
    let presets: [Preset]
    let mode: ConvertStep.Mode
    let shard: Shard?
    let isDry: Bool
    let budgets: [ConvertBudget]
    let report: Report
    let settings: Settings
    /// Called by ^C, and by a disk that is full.
    let stop = ConvertStop()

    /// - Throws: ``ConvertFailure``.
    func run() async throws -> ConvertSummary {
        let start = ContinuousClock.now
        let progress = ConvertProgress(isShown: self.report.hasBar)
        let (journal, index) = try await self.openJournal()
        let hasSources = try await NIOThreadPool.singleton.runIfActive { self.origin.mayLie(in: self.output) }
        var summary = try await self.withEngine { renderer, codecs, logger in
            let step = ConvertStep(
                renderer: self.isDry ? nil : renderer,
                turns: WorkerTurns(self.settings.workers.count),
                journal: journal,
                index: index,
                limits: self.settings.image,
                sourceBytesMax: self.settings.upload.bytesMax,
                targets: self.presets.map { ConvertStep.Target($0, engine: codecs) },
                output: self.output,
                outputHasSources: hasSources,
                mode: self.mode,
                budgets: self.budgets,
                stop: self.stop,
                logger: logger
            )
            return try await self.convert(step, journal, progress)
        }
        // Before the time is taken: what is not on the disk is not done.
        if let journal { try await NIOThreadPool.singleton.runIfActive { try journal.checkpoint() } }
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        return summary
    }

    private func convert(
        _ step: ConvertStep,
        _ journal: ConvertJournal?,
        _ progress: ConvertProgress
    ) async throws -> ConvertSummary {
        let run = ConvertRun(feed: try await self.feed(), step: step, width: self.width, stop: self.stop)
        let counted = self.report.hasBar ? try await self.feedToCount() : nil
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await progress.draw() }
            if let counted { group.addTask { await progress.count(counted) } }
            if let journal { group.addTask { await self.keepSynced(journal) } }
            var summary = ConvertSummary()
            await Interruption.noticing {
                self.stop.call("by a signal")
                progress.note("finishing what is in work; ^C again ends at once")
            } during: {
                await run.run { outcome, bytes in
                    summary.add(outcome)
                    progress.add(outcome, bytes: bytes)
                    self.say(outcome, progress)
                }
            }
            group.cancelAll()
            return summary
        }
    }

    private func say(_ outcome: ConvertOutcome, _ progress: ConvertProgress) {
        if self.report.isBrief, !outcome.isOfNote { return }
        // An outcome is strings and numbers, which always encode.
        progress.say(self.report.json ? (try? JSONText.line(outcome)) ?? outcome.line : outcome.line)
    }

    /// Those in work, and as many again that are read ahead.
    private var width: Int { 2 * self.settings.workers.count }

    private func keepSynced(_ journal: ConvertJournal) async {
        while (try? await Task.sleep(for: Self.checkpointInterval)) != nil {
            do {
                try await NIOThreadPool.singleton.runIfActive { try journal.checkpoint() }
            } catch {
                if !Task.isCancelled { self.stop.call("\(error)") }
            }
        }
    }

    private func openJournal() async throws -> (ConvertJournal?, JournalIndex) {
        try await NIOThreadPool.singleton.runIfActive {
            if self.isDry { return (nil, ConvertJournal.index(of: self.output)) }
            let journal = try ConvertJournal(in: self.output, shard: self.shard)
            return (journal, journal.index)
        }
    }

    private func feed() async throws -> SourceFeed {
        try await NIOThreadPool.singleton.runIfActive {
            try SourceFeed(self.origin, output: self.output, shard: self.shard, stop: self.stop)
        }
    }

    /// The same once more; nil for what can be read once only: of a pipe it would take what is to be converted.
    private func feedToCount() async throws -> SourceFeed? {
        let isLasting = try await NIOThreadPool.singleton.runIfActive { self.origin.canBeReadTwice }
        return isLasting ? try await self.feed() : nil
    }

    /// A dry run needs workers only to know their codecs: one will do, and none where nothing is compared.
    private func withEngine(
        _ body: (_ renderer: (any Renderer)?, _ codecs: String, _ logger: Logger) async throws -> ConvertSummary
    ) async throws -> ConvertSummary {
        var logger = Telemetry.startLogging(self.settings, program: "mediactl")
        // Workers that come and go are news in a service's log, not between the lines of a report.
        if !self.settings.isGiven("log.level") { logger.logLevel = .warning }
        if self.isDry, self.mode == .all { return try await body(nil, "", logger) }
        var settings = self.settings
        if self.isDry { settings.workers.count = 1 }
        let given = logger
        return try await Engine.with(settings, logger: given) { try await body($0, $1, given) }
    }
}

extension SourceFeed.Origin {
    /// Not standard input, which has one position for all who read it, and no pipe under whatever name
    /// (`--files-from <(find …)`, `/dev/stdin`). Blocks.
    var canBeReadTwice: Bool {
        guard case .list(let path, _) = self else { return true }
        return path != "-" && FolderListing.kind(of: path) == .file
    }
}
