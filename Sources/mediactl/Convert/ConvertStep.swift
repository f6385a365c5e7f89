import Glibc
import Logging
import MediaModel
import MediaRuntime
import NIOPosix

/// Converts one picture: read, look what is there, render, write, note. Whatever a picture does is its line of the
/// report.
struct ConvertStep: Sendable {
    /// What to do with what is there already.
    enum Mode: Sendable {
        /// Make everything.
        case all
        /// Make what is missing, or is of another content, recipe or engine.
        case resume
        /// The same, and read outputs to see whether they are what was written.
        case verify
    }

    /// How a recipe is known in the journal.
    struct Target: Sendable {
        let preset: Preset
        /// Of the recipe and the engine.
        let fingerprint: UInt64

        /// - Parameter engine: what codecs the workers have.
        init(_ preset: Preset, engine: String) {
            self.preset = preset
            self.fingerprint = StableHash.of("\(Product.version)\n\(engine)\n\(preset.recipe.canonicalJSON)")
        }
    }

    /// An output that need not be made.
    typealias Kept = (target: Target, line: JournalLine)

    /// How often a picture is tried again that found no worker; each time after a pause of at most ``pauseMax``.
    private static let attemptsMax = 100
    private static let pauseMax = Duration.seconds(2)

    /// Nil: nothing is written (a dry run).
    let renderer: (any Renderer)?
    let turns: WorkerTurns
    let journal: ConvertJournal?
    let index: JournalIndex
    let limits: PictureLimits
    /// Of one source.
    let sourceBytesMax: Int
    let targets: [Target]
    /// The folder that is written to.
    let output: String
    /// Whether sources may lie in it: then nothing is replaced but what a journal knows as an output.
    let outputHasSources: Bool
    let mode: Mode
    let budgets: [ConvertBudget]
    let stop: ConvertStop
    let logger: Logger

    func run(_ finding: ConvertFinding) async -> ConvertOutcome {
        switch finding {
        case .skipped(let path, _, let reason):
            return ConvertOutcome(refused: path, code: ConvertOutcome.file, reason: reason, state: .skipped)
        case .refused(let path, _, let code, let reason):
            return ConvertOutcome(refused: path, code: code, reason: reason)
        case .source(let source):
            do {
                var outcome = try await self.convert(source)
                let unmet = self.budgets.flatMap { budget in outcome.outputs.compactMap(budget.complaint) }
                if !unmet.isEmpty { outcome.unmet = unmet }
                return outcome
            } catch {
                return self.refusal(source, error)
            }
        }
    }

    private func convert(_ source: ConvertSource) async throws -> ConvertOutcome {
        guard let picture = try await ConvertPicture.read(source.path, bytesMax: self.sourceBytesMax) else {
            let reason = "is no JPEG, PNG, GIF, WebP, HEIC or AVIF picture"
            let state: ConvertOutcome.State = source.isNamed ? .refused : .skipped
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.file, reason: reason, state: state)
        }
        let kept = try await NIOThreadPool.singleton.runIfActive { try self.look(source, picture) }
        guard let kept else {
            let reason = "is an output of this or an earlier run"
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.file, reason: reason, state: .skipped)
        }
        let missing = self.targets.filter { target in !kept.contains { $0.target.preset == target.preset } }
        let keptOutputs = kept.map { ConvertOutcome.Output(self.path($0.line.path), $0.target.preset, $0.line) }
        if missing.isEmpty {
            return ConvertOutcome(.unchanged, path: source.path, bytesIn: picture.bytes, outputs: keptOutputs)
        }
        guard let renderer = self.renderer else {
            var outcome = ConvertOutcome(.planned, path: source.path, bytesIn: picture.bytes, outputs: keptOutputs)
            outcome.wouldWrite = missing.map { self.path(Self.relative(source, $0)) }
            return outcome
        }
        let job = RenderJob(format: picture.format, limits: self.limits, presets: missing.map(\.preset))
        let rendered = try await self.turns.taking { try await self.render(job, picture, renderer) }
        let written = try await NIOThreadPool.singleton.runIfActive {
            try self.write(rendered.renditions, missing, of: source, picture.digest)
        }
        return ConvertOutcome(.converted, path: source.path, bytesIn: picture.bytes, outputs: keptOutputs + written)
    }

    /// A batch is in no hurry: where all workers are taken it waits, however long that is.
    private func render(
        _ job: RenderJob,
        _ picture: ConvertPicture,
        _ renderer: any Renderer
    ) async throws -> RenderOutcome {
        var attempts = 1
        while true {
            do {
                return try await renderer.render(job, source: picture, priority: .background)
            } catch let error as RenderError where error.code.isRetryable && attempts < Self.attemptsMax {
                // A worker that cannot be started was waited for already.
                if error.code == .unavailable, attempts >= 3 { throw error }
                attempts += 1
                try await Task.sleep(for: min(error.retryAfter ?? .milliseconds(100), Self.pauseMax))
            }
        }
    }

    private func refusal(_ source: ConvertSource, _ error: any Error) -> ConvertOutcome {
        switch error {
        case let error as RenderError:
            self.logger.debug("not rendered", metadata: ["path": "\(source.path)", "detail": "\(error.detail)"])
            let reason = error.code.advice
            return ConvertOutcome(refused: source.path, code: error.code.description, reason: reason)
        case let error as SourceFileError:
            // Of these every file would tell the same.
            if [ENOSPC, EDQUOT, EROFS].contains(error.number) { self.stop.call(error.description) }
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.file, reason: error.description)
        case let error as ConvertFailure:
            self.stop.call(error.description)
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.file, reason: error.description)
        case let error as ConvertCollision:
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.collision, reason: error.description)
        default:
            return ConvertOutcome(refused: source.path, code: ConvertOutcome.file, reason: "\(error)")
        }
    }
}
