import MediaModel

/// One job with one worker. Everything that comes back is checked before it is believed: the worker has run hostile
/// bytes through a codec, and may be somebody else's by now.
extension WorkerProcess {
    /// What bounds an exchange.
    struct Bounds: Sendable {
        /// How long after the job's time an answer is waited for.
        let grace: Duration
        /// Bytes of all renditions of the job.
        let resultBytesMax: Int
    }

    /// - Parameter message: the request, encoded.
    /// - Throws: ``WorkerFailure``: the worker is lost and must be ended.
    func exchange(
        _ request: WireProtocol.Request,
        _ message: [UInt8],
        _ picture: SealedMemory,
        within bounds: Bounds
    ) throws -> Answer {
        try Self.exchange(on: self.socket, request, message, picture, within: bounds)
    }

    /// The same with whoever is at the other end of `socket`.
    static func exchange(
        on socket: WireSocket,
        _ request: WireProtocol.Request,
        _ message: [UInt8],
        _ picture: SealedMemory,
        within bounds: Bounds
    ) throws -> Answer {
        let start = ContinuousClock.now
        do {
            try socket.send(message, memory: picture)
        } catch let failure as WorkerFailure {
            // A worker that never had the picture has not been lost to it.
            throw WorkerFailure(failure.loss, failure.detail, .ours)
        }
        guard let datagram = try socket.receive(until: start + request.time + bounds.grace) else {
            // A decoder that will not stop has had its chance at the upload, where every picture becomes a WebP.
            throw WorkerFailure(.deadline, "no answer in time", request.canStop ? .picture : .encoder)
        }
        let reply = try WireProtocol.decode(WireProtocol.Reply.self, from: datagram.bytes)
        guard reply.version == WireProtocol.version, reply.id == request.id else {
            throw WorkerFailure(
                .protocol,
                "version \(reply.version), job \(reply.id); asked was \(WireProtocol.version), \(request.id)"
            )
        }
        switch (request.work, reply.result, reply.comparison, reply.failure) {
        case (.render(let job), let result?, nil, nil):
            try Self.check(result, of: job)
            let recipes = job.presets.map(\.recipe)
            let memory = datagram.descriptor
            let pieces = try Self.read(result, recipes, from: memory, resultBytesMax: bounds.resultBytesMax)
            return .outcome(Self.outcome(of: job, result, pieces))
        case (.compare(let job), nil, let result?, nil):
            return .comparison(try Self.comparison(result, of: job, datagram.descriptor, bounds))
        case (_, nil, nil, let failure?):
            if datagram.descriptor != nil { throw WorkerFailure(.protocol, "memory with a failure") }
            let error = try Self.refusal(failure, isOverdue: start.duration(to: .now) >= request.time)
            return try Self.answer(error, of: failure.picture, request.work)
        default: throw WorkerFailure(.protocol, "not one of a failure and what was asked for")
        }
    }

    /// Of two pictures one is to blame, but for the time.
    private static func answer(
        _ error: RenderError,
        of picture: ComparedPicture?,
        _ work: WireProtocol.Work
    ) throws -> Answer {
        switch (work, picture, error.code) {
        case (.render, nil, _), (.compare, nil, .deadline): return .refusal(error)
        case (.compare, let picture?, let code) where code != .deadline:
            return .compareRefusal(CompareError(picture, error))
        default: throw WorkerFailure(.protocol, "a failure that blames another picture than it may")
        }
    }

    /// - Parameter isOverdue: whether the worker's time has passed. Its own clock began later, so that an honest worker
    ///   never says so before.
    private static func refusal(_ failure: WireProtocol.Failure, isOverdue: Bool) throws -> RenderError {
        guard let code = WireProtocol.reportable.first(where: { $0.description == failure.code }) else {
            throw WorkerFailure(
                .protocol,
                "an error code that no worker may report: \(WireProtocol.tamed(failure.code))"
            )
        }
        if code == .deadline, !isOverdue { throw WorkerFailure(.protocol, "out of time before its time") }
        return RenderError(code, detail: WireProtocol.tamed(failure.detail))
    }

    /// The facts go into the catalog and to clients; the limits were the engine's to keep, and are looked at again.
    private static func check(_ result: WireProtocol.Result, of job: RenderJob) throws {
        let (limits, facts, timings) = (job.limits, result.facts, result.timings)
        let sides = 1...max(1, limits.sideMax)
        guard sides.contains(facts.size.width), sides.contains(facts.size.height),
            (1...max(1, limits.framesMax)).contains(facts.frames), Self.isWithin(limits, facts),
            min(timings.queue, timings.decode, timings.resize, timings.encode) >= 0
        else { throw WorkerFailure(.protocol, "facts that cannot be") }
        try Self.check(result.impression, of: job, facts)
        guard result.renditions.count == job.presets.count else {
            throw WorkerFailure(.protocol, "\(result.renditions.count) renditions of \(job.presets.count)")
        }
        for (piece, preset) in zip(result.renditions, job.presets) {
            let sides = 1...preset.recipe.format.sideMax
            guard sides.contains(piece.size.width), sides.contains(piece.size.height) else {
                throw WorkerFailure(.protocol, "a rendition of a size that cannot be")
            }
            guard piece.choice?.isPossible ?? true else {
                throw WorkerFailure(.protocol, "an encoder's choice that cannot be")
            }
        }
    }

    /// What a ThumbHash, a colour and a point can be was looked at when the reply was read.
    private static func check(_ impression: Impression?, of job: RenderJob, _ facts: PictureFacts) throws {
        guard (impression != nil) == job.givesImpression else {
            throw WorkerFailure(.protocol, "an impression that was not asked for, or none that was")
        }
        guard let impression else { return }
        guard impression.frames == facts.frames, impression.colour.components[3] == 255 else {
            throw WorkerFailure(.protocol, "an impression that cannot be")
        }
    }

    static func isWithin(_ limits: PictureLimits, _ facts: PictureFacts) -> Bool {
        let (pixels, isTooMany) = facts.size.width.multipliedReportingOverflow(by: facts.size.height)
        return !isTooMany && pixels <= limits.pixelsMax && pixels <= limits.pixelsTotalMax / max(1, facts.frames)
    }

    /// - Parameter recipes: of the renditions, in their order.
    private static func read(
        _ result: WireProtocol.Result,
        _ recipes: [Recipe],
        from descriptor: Descriptor?,
        resultBytesMax: Int
    ) throws -> [[UInt8]] {
        var sum = 0
        for piece in result.renditions {
            // The bound on each keeps the sum from overflowing.
            guard (1...resultBytesMax).contains(piece.bytes), sum + piece.bytes <= resultBytesMax else {
                throw WorkerFailure(.protocol, "renditions over \(resultBytesMax) bytes, or an empty one")
            }
            sum += piece.bytes
        }
        guard (descriptor != nil) == (sum > 0) else {
            throw WorkerFailure(.protocol, "memory without renditions, or none")
        }
        guard let descriptor else { return [] }
        let memory = try SealedMemory(received: descriptor, bytes: sum)
        var offset = 0
        return try zip(result.renditions, recipes).map { piece, recipe in
            defer { offset += piece.bytes }
            let bytes = try memory.read(at: offset, count: piece.bytes)
            if let complaint = Self.complaint(bytes, recipe, piece.size) {
                // An encoder that is another than we know writes what the check does not know, of every picture. The
                // one of WebP is ours.
                throw WorkerFailure(.protocol, complaint, recipe.format == .webp ? .picture : .encoder)
            }
            return bytes
        }
    }

    /// What is wrong with a file that is to be sent to clients under our name; nil for nothing.
    private static func complaint(_ file: [UInt8], _ recipe: Recipe, _ size: PictureSize) -> String? {
        let mayHaveProfile = recipe.profile == .keep
        return switch recipe.format {
        case .webp: WebPCheck.complaint(file, size: size, mayHaveProfile: mayHaveProfile)
        case .jpeg: JPEGCheck.complaint(file, size: size, mayHaveProfile: mayHaveProfile)
        case .avif: AVIFCheck.complaint(file, size: size, mayHaveProfile: mayHaveProfile)
        }
    }

    private static func outcome(of job: RenderJob, _ result: WireProtocol.Result, _ pieces: [[UInt8]]) -> RenderOutcome
    {
        let renditions = zip(zip(job.presets, result.renditions), pieces).map { made, bytes in
            RenderedPicture(preset: made.0, size: made.1.size, bytes: bytes, choice: made.1.choice)
        }
        return RenderOutcome(
            facts: result.facts,
            renditions: renditions,
            timings: result.timings,
            path: result.path,
            impression: result.impression
        )
    }
}

extension WireProtocol.Request {
    /// Whether all of the work can be told to stop at its deadline.
    fileprivate var canStop: Bool {
        switch self.work {
        case .render(let job): job.presets.allSatisfy(\.recipe.format.canStop)
        case .compare: true
        }
    }
}
