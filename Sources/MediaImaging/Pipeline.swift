import MediaModel

/// The way of a picture from bytes to renditions; one value per job.
///
/// The order, and why:
/// 1. *Prescan*: our own reading of the structure, before a codec allocates for what a header claims.
/// 2. *Open* by the one named loader; no pixel is decoded.
/// 3. *Admit*: the limits again, on what libvips makes of the header.
/// 4. *Plan*: what to decode at which size; sizes are those of the upright picture.
/// 5. *Planes*: a JPEG that is all that a WebP wants stays what it is; ``renditionsFromPlanes`` has the rest of its way.
/// 6. *Base*, for everything else: frame by frame so that none bleeds into the next, by ``baseSteps``.
/// 7. *Renditions*, from large to small, each scaled from the one before, then finished by ``finishingSteps``.
/// 8. *Encode*, after all metadata is gone.
struct Pipeline {
    /// A step of a frame; it says what the next frame is, and usually computes nothing yet.
    typealias Step<Order> = (consuming VipsImageHandle, borrowing Order) throws(RenderError) -> VipsImageHandle

    let job: RenderJob

    /// From the source as stored to the base: upright, 8-bit sRGB, as large as the largest rendition.
    static var baseSteps: [Step<BaseOrder>] {
        [
            // First of all fewer pixels: all that follows costs by the pixel. Weighted by alpha.
            Self.reduce,
            // Once, top to bottom, while the decoder streams: what follows may want any pixel at any time.
            Self.compute,
            // After the reduction for cost; before anything is filled in, so that backgrounds mean sRGB.
            Self.convertToSRGB,
            // After the reduction, in memory: a quarter turn of a stream would hold all of the source.
            Self.turnUpright,
        ]
    }

    /// From a scaled picture to what a recipe asks for.
    static var finishingSteps: [Step<Plan.Item>] {
        // Cut first: what juts out must not count for the canvas.
        [Self.cutToBox, Self.putOnCanvas]
    }

    func run(_ picture: UnsafeRawBufferPointer) throws(RenderError) -> RenderOutcome {
        let prescan = try Prescan.check(picture, as: self.job.format, limits: self.job.limits)
        return try prescan.withBytes(or: picture) { (bytes) throws(RenderError) in try self.develop(bytes) }
    }

    private func develop(_ bytes: UnsafeRawBufferPointer) throws(RenderError) -> RenderOutcome {
        let opened = try VipsImageHandle.open(bytes, as: self.job.format)
        let source = SourceHeader(opened, format: self.job.format)
        try self.job.limits.admit(source.stored, frames: source.frames)
        let plan = try Plan(source, job: self.job)

        var stopwatch = Stopwatch()
        var timings = RenderTimings()
        let facts = PictureFacts(size: source.upright, frames: source.frames)
        let limits = self.job.limits
        let measure = SourceMeasure(
            bytes: self.job.format.isMeasureOfWebP ? bytes.count : nil,
            pixels: source.upright.width * source.upright.height
        )
        if let made = try Self.renditionsFromPlanes(opened, bytes, source, plan, limits, measure, &timings) {
            return RenderOutcome(facts: facts, renditions: made, timings: timings, path: .planes)
        }
        // The planes' time is nobody's if nothing came of it.
        _ = stopwatch.lap()
        let stream = try self.stream(opened, bytes, plan)
        guard !plan.items.isEmpty else {
            try stream.decodedAndDropped()
            timings.decode = stopwatch.lap()
            return RenderOutcome(facts: facts, renditions: [], timings: timings)
        }
        let terms = EncodingTerms(animation: Animation(stream), measure: measure)
        let base = try Self.base(stream, source, plan)
        timings.decode = stopwatch.lap()
        let renditions = try Self.renditions(base, plan, terms, &stopwatch, &timings)
        return RenderOutcome(facts: facts, renditions: renditions, timings: timings)
    }

    /// The source opened for decoding. The header's own handle will do, unless more frames or fewer pixels are wanted.
    private func stream(
        _ opened: consuming VipsImageHandle,
        _ bytes: UnsafeRawBufferPointer,
        _ plan: Plan
    ) throws(RenderError) -> VipsImageHandle {
        if plan.shrink == 1, plan.frames == 1 { return opened }
        return try VipsImageHandle.open(bytes, as: self.job.format, shrink: plan.shrink, allFrames: plan.frames > 1)
    }

    /// Without a profile that is too long to be taken for one.
    static func managed(_ stream: consuming VipsImageHandle) throws(RenderError) -> VipsImageHandle {
        stream.profileBytes > ColourProfile.bytesMax ? try stream.withoutProfile() : stream
    }

    private static func base(
        _ stream: consuming VipsImageHandle,
        _ source: SourceHeader,
        _ plan: Plan
    ) throws(RenderError) -> FrameStrip {
        let frameHeight = stream.height / plan.frames
        let managed = try Self.managed(stream)
        let order = BaseOrder(
            size: source.turned(plan.base),
            orientation: source.orientation,
            colour: ColourWay(of: managed)
        )
        let frames = FrameStrip(managed, frames: plan.frames, frameHeight: frameHeight)
        return try frames.mapping(plan.frames) { (frame) throws(RenderError) in
            try Self.apply(Self.baseSteps, to: frame, order)
        }
    }

    private static func renditions(
        _ base: consuming FrameStrip,
        _ plan: Plan,
        _ terms: EncodingTerms,
        _ stopwatch: inout Stopwatch,
        _ timings: inout RenderTimings
    ) throws(RenderError) -> [RenderedPicture] {
        var made: [(index: Int, picture: RenderedPicture)] = []
        var larger = base
        for item in plan.items {
            let scaled = try Self.scaled(larger, item)
            let finished = try Self.finished(scaled, item)
            timings.resize += stopwatch.lap()
            made.append((item.index, try Self.encoded(finished, item, terms)))
            timings.encode += stopwatch.lap()
            // A still made of an animation's first frame cannot serve the next animation; an enlargement serves nobody.
            if scaled.frames == larger.frames, !item.placement.isEnlargement { larger = scaled }
        }
        return made.sorted { $0.index < $1.index }.map(\.picture)
    }
}

/// What the base is to be.
struct BaseOrder {
    /// As stored, before orientation.
    let size: PictureSize
    /// 1 ... 8.
    let orientation: Int
    let colour: ColourWay
}

/// What the encoders are told beside pixels and recipe.
struct EncodingTerms {
    let animation: Animation
    let measure: SourceMeasure
}

/// What a source says about how large renditions of it should be.
struct SourceMeasure {
    /// Of the file; nil where they say nothing about the renditions'.
    let bytes: Int?
    /// Of one frame.
    let pixels: Int

    /// The bytes that a rendition of that size should not exceed. A source with fewer pixels has less to show.
    func bytesMax(for size: PictureSize) -> Int? { size.width * size.height <= self.pixels ? self.bytes : nil }
}

extension PictureFormat {
    /// Whether a WebP of the same picture should need no more bytes. HEIC and AVIF say the same in fewer, and of an
    /// animation's bytes nobody knows how many are a frame's.
    fileprivate var isMeasureOfWebP: Bool { self == .jpeg || self == .png || self == .webp }
}
