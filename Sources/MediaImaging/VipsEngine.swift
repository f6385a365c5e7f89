import CVipsShim
import CWebP
package import MediaModel
import Synchronization

/// The picture engine on libvips.
///
/// Calls are synchronous and use the calling thread and libvips' own. One picture is rendered at a time in a process.
package struct VipsEngine: PictureEngine, Sendable {
    /// The first libvips that can be told to block what was never fuzzed (`vips_block_untrusted_set`).
    static let versionMin = (major: 8, minor: 13)
    private static let loaders = [
        "jpegload_buffer", "pngload_buffer", "gifload_buffer", "webpload_buffer", "heifload_buffer",
    ]

    /// Compiled resizers for whose code there is memory. A picture has three at once at the most; liborc ends the
    /// process when it finds no room for another.
    private static let kernelsReserved: CInt = 16

    /// Tests that rendered several pictures at once died of a segmentation fault inside liborc 0.4.33, with which
    /// libvips compiles its resizers. A worker renders one at a time anyway.
    private static let turn = Mutex(())

    // libvips is initialised once a process, however many engines are asked for.
    private static let started = Result<VipsEngine, RenderError> { () throws(RenderError) in
        guard cvips_start("mediaworker") == 0 else {
            throw RenderError(.unavailable, detail: "libvips does not start: \(VipsFailure.words())")
        }
        let version = (major: Int(cvips_version(0)), minor: Int(cvips_version(1)))
        guard version >= Self.versionMin else {
            throw RenderError(.unavailable, detail: "libvips \(version) is older than \(Self.versionMin)")
        }
        for loader in Self.loaders where cvips_has_loader(loader) == 0 {
            throw RenderError(.unavailable, detail: "libvips has no \(loader)")
        }
        cwebp_ask { 1 - cvips_is_overdue() }
        let engine = VipsEngine()
        try engine.rehearse()
        guard cvips_reserve_code(Self.kernelsReserved) == 0 else {
            throw RenderError(.unavailable, detail: "libvips does not resize: \(VipsFailure.words())")
        }
        return engine
    }

    /// What the last warm-up could make.
    private static let made = Mutex<Set<RenditionFormat>>([])

    /// All that the last warm-up could make: without libheif's encoder, or where that does not work in the sandbox,
    /// there is no AVIF.
    package var formats: Set<RenditionFormat> { Self.made.withLock { $0 } }

    private init() {}

    /// Starts libvips, blocks every loader but the five that are called, and decodes a small picture of each format, so
    /// that libraries, modules and tables are loaded before a sandbox closes. Later calls answer the same.
    ///
    /// - Throws: ``RenderError`` `.unavailable` where libvips is missing a part or older than 8.13.
    package static func start() throws(RenderError) -> VipsEngine { try Self.started.get() }

    /// Decodes the small pictures once more, and makes one of each format: what a sandbox lacks shows before a
    /// stranger's picture comes.
    package func rehearse() throws(RenderError) {
        let formats = try WarmUp.run(self)
        Self.made.withLock { $0 = formats }
    }

    package func render(
        _ job: RenderJob,
        picture: UnsafeRawBufferPointer,
        within time: Duration
    ) throws(RenderError) -> RenderOutcome {
        try Self.turn.withLock { (_) throws(RenderError) in
            // Words of an earlier failure are not this picture's.
            _ = VipsFailure.words()
            cvips_set_deadline(Self.nanoseconds(time))
            defer { cvips_set_deadline(0) }
            do throws(RenderError) {
                return try Pipeline(job: job).run(picture)
            } catch {
                throw Self.told(error, time)
            }
        }
    }

    package func compare(
        _ job: CompareJob,
        first: UnsafeRawBufferPointer,
        second: UnsafeRawBufferPointer,
        within time: Duration
    ) throws -> Comparison {
        try Self.turn.withLock { _ in
            _ = VipsFailure.words()
            cvips_set_deadline(Self.nanoseconds(time))
            defer { cvips_set_deadline(0) }
            do {
                return try PicturePair(job: job).compare(first, second)
            } catch let error as CompareError where cvips_gave_up() != 0 {
                throw Self.told(error.cause, time)
            } catch let error as RenderError {
                throw Self.told(error, time)
            }
        }
    }

    /// What gave up says that it was killed, or that the encoder failed.
    private static func told(_ error: RenderError, _ time: Duration) -> RenderError {
        guard cvips_gave_up() != 0 else { return error }
        return RenderError(.deadline, detail: "the engine gave up after \(time): \(error.detail)")
    }

    /// At least 1, since 0 is no deadline at all.
    private static func nanoseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        // A second less than the most leaves room for its fraction.
        return isTooLong ? .max : max(1, min(whole, .max - 1_000_000_000) + attoseconds / 1_000_000_000)
    }
}
