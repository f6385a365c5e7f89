/// The code that touches codecs, as the worker process sees it: a synchronous call on bytes in memory.
///
/// MediaImaging implements it, MediaWorkers runs it in `mediaworker`; neither knows the other.
package protocol PictureEngine {
    /// What it can make. Asked once it is in its sandbox.
    var formats: Set<RenditionFormat> { get }

    /// Decodes the picture once and makes every preset of the job.
    ///
    /// - Parameters:
    ///   - job: what to make; its limits are checked from the header before any pixel is decoded.
    ///   - picture: the whole file, readable for the length of the call.
    ///   - time: how long the call may take. An engine gives up then, as soon as it can; a part of a codec that cannot
    ///     be told to stop may make it later.
    /// - Throws: ``RenderError`` with one of the codes that are the picture's fault, or `.deadline` when it gave up,
    ///   never before `time` has passed.
    func render(_ job: RenderJob, picture: UnsafeRawBufferPointer, within time: Duration) throws -> RenderOutcome

    /// Decodes both pictures and measures how alike they are.
    ///
    /// - Parameters:
    ///   - first: the whole file, readable for the length of the call; so is `second`.
    ///   - time: as for ``render(_:picture:within:)``.
    /// - Throws: ``CompareError`` for a picture's fault, of the codes above; ``RenderError`` `.deadline` when it gave
    ///   up.
    func compare(
        _ job: CompareJob,
        first: UnsafeRawBufferPointer,
        second: UnsafeRawBufferPointer,
        within time: Duration
    ) throws -> Comparison
}
