import MediaModel

/// What a worker says of two pictures, checked before it is believed.
extension WorkerProcess {
    /// - Parameter descriptor: the reply's memory.
    static func comparison(
        _ result: WireProtocol.CompareResult,
        of job: CompareJob,
        _ descriptor: Descriptor?,
        _ bounds: Bounds
    ) throws -> Comparison {
        try Self.check(result, of: job)
        let isDrawn = job.isDrawing && result.likeness != nil
        guard isDrawn == (result.drawingBytes != 0), isDrawn == (descriptor != nil) else {
            throw WorkerFailure(.protocol, "a drawing that nobody wanted, or none")
        }
        return Comparison(
            first: result.first,
            second: result.second,
            likeness: result.likeness,
            drawing: try descriptor.map { try Self.drawing(in: $0, result, bounds) }
        )
    }

    private static func check(_ result: WireProtocol.CompareResult, of job: CompareJob) throws {
        let sides = 1...max(1, job.limits.sideMax)
        for facts in [result.first, result.second] {
            guard sides.contains(facts.size.width), sides.contains(facts.size.height),
                (1...max(1, job.limits.framesMax)).contains(facts.frames), Self.isWithin(job.limits, facts)
            else { throw WorkerFailure(.protocol, "facts that cannot be") }
        }
        let isComparable = job.isResizing || result.first.size == result.second.size
        guard isComparable == (result.likeness != nil) else {
            throw WorkerFailure(.protocol, "figures of two sizes, or none of one")
        }
        if let likeness = result.likeness { try Self.check(likeness, of: result.first.size) }
    }

    /// No noise is the noise of equal pictures, whose similarity is 1.
    private static func check(_ likeness: Likeness, of size: PictureSize) throws {
        guard (-1...1).contains(likeness.ssim) else {
            throw WorkerFailure(.protocol, "a similarity that cannot be")
        }
        guard let psnr = likeness.psnr else {
            if likeness.ssim != 1 { throw WorkerFailure(.protocol, "no noise in pictures that differ") }
            return
        }
        // One sample that differs by one is the least noise there is. 10 · log10(255² · 2³²) is more than that of any
        // picture of four thousand million pixels.
        guard (0...Self.psnrMax).contains(psnr) else { throw WorkerFailure(.protocol, "noise that cannot be") }
    }

    private static let psnrMax = 145.0

    private static func drawing(
        in descriptor: Descriptor,
        _ result: WireProtocol.CompareResult,
        _ bounds: Bounds
    ) throws -> [UInt8] {
        guard (1...bounds.resultBytesMax).contains(result.drawingBytes) else {
            throw WorkerFailure(.protocol, "a drawing over \(bounds.resultBytesMax) bytes")
        }
        let memory = try SealedMemory(received: descriptor, bytes: result.drawingBytes)
        let drawing = try memory.read(at: 0, count: result.drawingBytes)
        let panel = result.first.size
        let size = PictureSize(width: panel.width * Comparison.panels, height: panel.height)
        if let complaint = PNGCheck.complaint(drawing, size: size) { throw WorkerFailure(.protocol, complaint) }
        return drawing
    }
}
