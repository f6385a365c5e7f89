import MediaModel

/// The way of a picture from bytes to renditions; one value per job.
///
/// The order, and why:
/// 1. *Prescan*: our own reading of the structure, before a codec allocates for what a header claims.
/// 2. *Open* by the one named loader; no pixel is decoded.
/// 3. *Admit*: the limits again, on what libvips makes of the header.
/// 4. *Plan*: what to decode at which size; sizes are those of the upright picture.
/// 5. *Planes*: a JPEG that is all that a WebP wants stays what it is; ``fromPlanes`` has the rest of its way.
/// 6. *Base*, for everything else: frame by frame so that none bleeds into the next, by ``baseSteps``.
/// 7. *Look*: what the picture looks like, and where to cut it, where the job wants to know.
/// 8. *Renditions*, from large to small, each scaled from the one before, then finished by ``finishingSteps``.
/// 9. *Encode*, after all metadata is gone.
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
        return try prescan.withBytes(or: picture) { (bytes) throws(RenderError) in
            try self.develop(bytes, prescan.animation.map { MovingPNG(animation: $0, file: picture) })
        }
    }

    private func develop(
        _ bytes: UnsafeRawBufferPointer,
        _ png: MovingPNG?
    ) throws(RenderError) -> RenderOutcome {
        let opened = try VipsImageHandle.open(bytes, as: self.job.format)
        let source = SourceHeader(opened, format: self.job.format, animation: png?.animation)
        try self.job.limits.admit(source.stored, frames: source.frames)
        let plan = try Plan(source, job: self.job)

        if let outcome = try self.outcomeFromPlanes(opened, bytes, source, plan) { return outcome }
        return try self.outcome(of: opened, bytes, png, source, plan)
    }

    /// The general way.
    private func outcome(
        of opened: consuming VipsImageHandle,
        _ bytes: UnsafeRawBufferPointer,
        _ png: MovingPNG?,
        _ source: SourceHeader,
        _ plan: Plan
    ) throws(RenderError) -> RenderOutcome {
        var stopwatch = Stopwatch()
        var timings = RenderTimings()
        let facts = PictureFacts(size: source.upright, frames: source.frames)
        guard !plan.items.isEmpty else {
            try self.stream(opened, bytes, plan).decodedAndDropped()
            timings.decode = stopwatch.lap()
            return RenderOutcome(facts: facts, renditions: [], timings: timings)
        }
        let measure = SourceMeasure(of: source, self.job.format, bytes: bytes.count)
        let profile = try KeptProfile(of: opened, wantedBy: self.job)
        let parts = Self.parts(of: plan, source, keeping: profile)
        let colours = png == nil || opened.profileBytes > ColourProfile.bytesMax ? nil : opened.profile
        var unread: VipsImageHandle? = opened
        var made: [Made] = []
        var look: Look?
        for (plan, profile) in parts {
            let animation: Animation
            let base: FrameStrip
            if let png, png.isNeeded(for: plan) {
                animation = Animation(png.animation)
                base = try Self.base(png, colours, source, plan, keeping: profile)
            } else {
                let stream = try self.stream(try self.unread(&unread, bytes), bytes, plan)
                animation = Animation(stream)
                base = try Self.base(stream, source, plan, keeping: profile)
            }
            timings.decode += stopwatch.lap()
            if look == nil { look = try Look(self.job, of: base, frames: source.frames) }
            let items = look?.aimed(plan.items, in: source.upright) ?? plan.items
            let terms = EncodingTerms(animation: animation, profile: profile, measure: measure)
            made += try Self.renditions(base, items, terms, &stopwatch, &timings)
        }
        return RenderOutcome(
            facts: facts,
            renditions: made.sorted { $0.index < $1.index }.map(\.picture),
            timings: timings,
            impression: look?.impression
        )
    }

    /// What is made of one decoding: all of it, but where some renditions are to be in sRGB and others are to keep the
    /// picture's own colours. What is looked at comes first, and in sRGB where there is a choice.
    private static func parts(
        of plan: Plan,
        _ source: SourceHeader,
        keeping profile: KeptProfile?
    ) -> [(Plan, KeptProfile?)] {
        guard let profile else { return [(plan, nil)] }
        let converted = plan.only(source.upright) { $0.preset.recipe.profile == .srgb }
        let kept = plan.only(source.upright) { $0.preset.recipe.profile == .keep }
        return (converted.map { [($0, nil)] } ?? []) + (kept.map { [($0, profile)] } ?? [])
    }

    /// The opened source, or another once the first one's stream was read.
    private func unread(
        _ opened: inout VipsImageHandle?,
        _ bytes: UnsafeRawBufferPointer
    ) throws(RenderError) -> VipsImageHandle {
        if let first = opened.take() { return first }
        return try VipsImageHandle.open(bytes, as: self.job.format)
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
        _ plan: Plan,
        keeping profile: KeptProfile?
    ) throws(RenderError) -> FrameStrip {
        let frameHeight = stream.height / plan.frames
        let managed = try Self.managed(stream)
        let order = BaseOrder(
            size: source.turned(plan.base),
            orientation: source.orientation,
            colour: profile?.way ?? ColourWay(of: managed)
        )
        let frames = FrameStrip(managed, frames: plan.frames, frameHeight: frameHeight)
        return try frames.mapping(plan.frames) { (frame) throws(RenderError) in
            try Self.apply(Self.baseSteps, to: frame, order)
        }
    }

    private static func renditions(
        _ base: consuming FrameStrip,
        _ items: [Plan.Item],
        _ terms: EncodingTerms,
        _ stopwatch: inout Stopwatch,
        _ timings: inout RenderTimings
    ) throws(RenderError) -> [Made] {
        var made: [Made] = []
        var larger = base
        for item in items {
            let scaled = try Self.scaled(larger, item)
            let finished = try Self.finished(scaled, item)
            timings.resize += stopwatch.lap()
            made.append((item.index, try Self.encoded(finished, item, terms)))
            timings.encode += stopwatch.lap()
            // A still made of an animation's first frame cannot serve the next animation; an enlargement serves nobody.
            if scaled.frames == larger.frames, !item.placement.isEnlargement { larger = scaled }
        }
        return made
    }
}

/// A rendition, and which of the job's it is.
private typealias Made = (index: Int, picture: RenderedPicture)

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
    /// Of pixels that are not in sRGB.
    let profile: KeptProfile?
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

extension SourceMeasure {
    init(of source: SourceHeader, _ format: PictureFormat, bytes: Int) {
        self.init(
            bytes: format.isMeasureOfWebP ? bytes : nil,
            pixels: source.upright.width * source.upright.height
        )
    }
}

extension PictureFormat {
    /// Whether a WebP of the same picture should need no more bytes. HEIC and AVIF say the same in fewer, and of an
    /// animation's bytes nobody knows how many are a frame's.
    fileprivate var isMeasureOfWebP: Bool { self == .jpeg || self == .png || self == .webp }
}
