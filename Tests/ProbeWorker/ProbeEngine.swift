import CProbe
import MediaImaging
import MediaModel
import MediaWorkers

/// The real engine; after each picture it makes the attempt that the job's first preset is named for: `try-open-file`,
/// or `thread-open-file` for a thread that was there before the sandbox.
///
/// The answer is a refusal of the picture, with the errno value as its detail; 0 is an attempt that came through.
struct ProbeEngine: PictureEngine {
    let engine: VipsEngine

    var formats: Set<RenditionFormat> { self.engine.formats }

    func render(
        _ job: RenderJob,
        picture: UnsafeRawBufferPointer,
        within time: Duration
    ) throws(RenderError) -> RenderOutcome {
        let outcome = try self.engine.render(job, picture: picture, within: time)
        guard let name = job.presets.first?.name.description else { return outcome }
        if let attempt = Self.attempt(name, "try-") { throw Self.answer(cprobe_attempt(attempt)) }
        if let attempt = Self.attempt(name, "thread-") { throw Self.answer(cprobe_attempt_in_thread(attempt)) }
        return outcome
    }

    func compare(
        _ job: CompareJob,
        first: UnsafeRawBufferPointer,
        second: UnsafeRawBufferPointer,
        within time: Duration
    ) throws -> Comparison {
        try self.engine.compare(job, first: first, second: second, within: time)
    }

    private static func attempt(_ name: String, _ prefix: String) -> String? {
        guard name.hasPrefix(prefix) else { return nil }
        return String(name.dropFirst(prefix.count).map { $0 == "-" ? "_" : $0 })
    }

    private static func answer(_ errorNumber: Int32) -> RenderError {
        RenderError(.undecodable, detail: "\(errorNumber)")
    }
}
