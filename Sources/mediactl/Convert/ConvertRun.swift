import Logging
import MediaModel

/// Converts the pictures of a plan, as many at once as there are workers. One that fails is a line of the report.
struct ConvertRun: Sendable {
    let renderer: any Renderer
    let limits: PictureLimits
    /// Of one source.
    let sourceBytesMax: Int
    /// Pictures in work at once.
    let width: Int
    let logger: Logger

    /// - Parameter report: gets each outcome as soon as it is there, one after the other.
    func run(_ plan: ConvertPlan, report: (ConvertOutcome) -> Void) async {
        for file in plan.leftOut { report(ConvertOutcome(file)) }
        await withTaskGroup(of: ConvertOutcome.self) { group in
            var waiting = plan.jobs[...]
            for job in waiting.prefix(self.width) { group.addTask { await self.convert(job, plan.target(of: job)) } }
            waiting = waiting.dropFirst(self.width)
            // A new one begins for each that ends, so that never more than `width` are open.
            while let outcome = await group.next() {
                report(outcome)
                if let job = waiting.popFirst() {
                    group.addTask { await self.convert(job, plan.target(of: job)) }
                }
            }
        }
    }

    private func convert(_ job: ConvertPlan.Job, _ target: ConvertPlan.Target) async -> ConvertOutcome {
        do {
            let file = try await SourceFile.open(job.path)
            guard file.bytes <= self.sourceBytesMax else {
                throw SourceFileError(
                    description:
                        "has \(file.bytes) bytes, more than upload.bytes.max (\(self.sourceBytesMax)); raise it "
                        + "with --upload-bytes-max if you trust the file"
                )
            }
            let work = RenderJob(format: job.format, limits: self.limits, presets: target.presets)
            let outcome = try await self.renderer.render(work, source: file, priority: .background)
            var written: [ConvertOutcome.Output] = []
            for rendition in outcome.renditions {
                let name = ConvertPlan.fileName(job.stem, rendition.preset)
                try await AtomicFile.write(rendition.bytes, to: name, in: target.folder)
                written.append(ConvertOutcome.Output("\(target.folder)/\(name)", rendition))
            }
            return ConvertOutcome(path: job.path, bytesIn: file.bytes, outputs: written)
        } catch let error as RenderError {
            self.logger.debug("Not rendered", metadata: ["path": "\(job.path)", "detail": "\(error.detail)"])
            return ConvertOutcome(refused: job.path, code: error.code.description, reason: Self.reason(error.code))
        } catch {
            return ConvertOutcome(refused: job.path, code: "file", reason: "\(error)")
        }
    }

    /// What a code means for somebody with the file at hand, and what to do.
    private static func reason(_ code: RenderError.Code) -> String {
        switch code {
        case .undecodable: "is damaged, or not what it says it is; repair it or leave it out"
        case .unsupported: "is of a kind that this build does not decode; convert it to another format first"
        case .tooManyPixels: "has too many pixels; raise --image-pixels-max or --image-pixels-total-max if you trust it"
        case .tooManyFrames: "has too many frames; raise --image-frames-max if you trust it"
        case .sideTooLong: "is too wide or too high; raise --image-side-max if you trust it"
        case .deadline: "took too long; raise --render-deadline if you trust it"
        case .crashed: "made the codec crash; leave it out, and report it"
        case .busy: "found no free worker; raise --queue-max"
        default: "could not be rendered; --log-level debug says more"
        }
    }
}
