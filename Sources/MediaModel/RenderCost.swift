/// What a render job is likely to take, told from the picture's first bytes before a codec has seen any: what
/// admission plans by. An estimate: a picture that lies about itself comes out wrong here and is bounded by its
/// worker's limits all the same.
package struct RenderCost: Sendable, Hashable {
    /// Of the job alone, its picture and its renditions included; an idle worker's own memory is not.
    package let memoryBytes: Int
    /// Processor time of one core.
    package let cpu: Duration

    package init(memoryBytes: Int, cpu: Duration) {
        self.memoryBytes = memoryBytes
        self.cpu = cpu
    }

    /// - Parameters:
    ///   - bytes: of the whole picture.
    ///   - opening: its first bytes, ``PictureOutline/openingBytesMax`` of them or all; fewer make a guess of it.
    package init(of job: RenderJob, bytes: Int, opening: [UInt8]) {
        let outline = PictureOutline(job.format, opening: opening, bytes: bytes)
        let source = SourceEstimate(outline, of: job, bytes: bytes)
        guard source.isTaken(by: job.limits) else {
            // The worker's first look ends it.
            self.init(memoryBytes: Rates.jobBytes + bytes, cpu: Rates.jobTime)
            return
        }
        let renditions = job.presets.map { RenditionEstimate($0.recipe, of: source, job.format) }
        // Renditions are made one after the other, all from one base.
        let base = renditions.map(\.strip).max() ?? 0
        let canvas = renditions.map(\.encoderBytes).max() ?? 0
        let frames = renditions.map(\.frames).max() ?? 1
        let wholeBytes = source.moves(as: job.format) ? Rates.canvasBytes : Rates.wholeBytes(job.format)
        let decoded = source.isWhole || source.moves(as: job.format) ? source.pixels * wholeBytes : 0
        self.init(
            memoryBytes: Rates.jobBytes + bytes + Int(decoded + base * Rates.baseBytes + canvas),
            cpu: Rates.jobTime
                + .microseconds(Int(source.pixels * frames * Rates.decode(job.format, isWhole: source.isWhole)))
                + .microseconds(Int(renditions.reduce(0) { $0 + $1.encoderMicroseconds }))
        )
    }
}

/// The source in floating point: hostile sides multiply without overflow.
private struct SourceEstimate {
    let width: Double
    let height: Double
    let frames: Double
    let isWhole: Bool

    var pixels: Double { self.width * self.height }

    init(_ outline: PictureOutline?, of job: RenderJob, bytes: Int) {
        if let outline {
            (self.width, self.height) = (Double(outline.size.width), Double(outline.size.height))
            (self.frames, self.isWhole) = (Double(outline.frames), outline.isWhole)
        } else {
            // Nothing is known but the file's length. One bit a pixel is a strong compression; and whole, for those
            // that say least are the dearest.
            let side = min(Double(bytes) * 8, Double(job.limits.pixelsMax)).squareRoot()
            (self.width, self.height, self.frames, self.isWhole) = (side, side, 1, true)
        }
    }

    /// Whether it is an animation that we put together ourselves.
    func moves(as format: PictureFormat) -> Bool { format == .png && self.frames > 1 }

    func isTaken(by limits: PictureLimits) -> Bool {
        max(self.width, self.height) <= Double(limits.sideMax) && self.pixels <= Double(limits.pixelsMax)
            && self.frames <= Double(limits.framesMax) && self.pixels * self.frames <= Double(limits.pixelsTotalMax)
    }
}

/// One rendition: how large it will be, and what encoding it takes.
private struct RenditionEstimate {
    let pixels: Double
    let frames: Double
    let recipe: Recipe
    /// Whether it is tried without loss, should it be flat art; JPEGs stay in their planes, or are photographs.
    let mayBeFlat: Bool

    /// Pixels of all frames together.
    var strip: Double { self.pixels * self.frames }

    init(_ recipe: Recipe, of source: SourceEstimate, _ format: PictureFormat) {
        let across = recipe.width.map { Double($0) / source.width }
        let down = recipe.height.map { Double($0) / source.height }
        let sides = [across, down].compactMap { $0 }
        let scale =
            switch recipe.fit {
            case .scaleDown: min(1, sides.min() ?? 1)
            case .contain, .pad: sides.min() ?? 1
            case .cover: sides.max() ?? 1
            case .crop: min(1, sides.max() ?? 1)
            }
        let side = Double(recipe.format.sideMax)
        let pixels = min(source.width * scale, side) * min(source.height * scale, side)
        self.pixels = pixels
        let animationMax = recipe.isLossless ? Effort.animationPixelsMaxLossless : Effort.animationPixelsMax
        let moves = recipe.animated && recipe.format.isAnimated && source.frames * pixels <= Double(animationMax)
        self.frames = moves ? source.frames : 1
        self.recipe = recipe
        self.mayBeFlat =
            format != .jpeg && recipe.mayBeLossless && self.frames == 1 && pixels <= Double(Effort.flatPixelsMax)
    }

    var encoderBytes: Double {
        switch self.recipe.format {
        case .webp where self.recipe.isLossless || self.mayBeFlat: self.pixels * Rates.losslessBytes
        case .webp: self.pixels * (Rates.lossyBytes + self.searchBytes)
        case .jpeg: self.pixels * max(Rates.jpegBytes, self.searchBytes * 2)
        case .avif: self.pixels * Rates.avifBytes
        }
    }

    /// The two planes that a search for a target compares.
    private var searchBytes: Double { self.recipe.target == nil ? 0 : Rates.searchBytes }

    var encoderMicroseconds: Double {
        // No recipe comes with another effort than 0 ... 6, but what is planned by must not end the service.
        let most = Effort.effort(for: self.recipe, pixels: Int(self.pixels), frames: Int(self.frames))
        let effort = max(0, min(most, Rates.encode.count - 1))
        switch self.recipe.format {
        case .webp where self.isSearched: return self.searchMicroseconds
        case .webp: return self.strip * Rates.encode[effort] * (self.recipe.isLossless ? Rates.losslessFactor : 1)
        case .jpeg: return self.strip * Rates.encodeJPEG + self.searchMicroseconds
        case .avif: return self.strip * Rates.encodeAVIF[effort / 2] + self.searchMicroseconds
        }
    }

    /// Whether its quality is searched for; what moves has the recipe's.
    private var isSearched: Bool { self.recipe.target != nil && self.frames == 1 }

    /// The WebPs that a search takes, each of them encoded and compared.
    private var searchMicroseconds: Double {
        guard self.isSearched else { return 0 }
        let most = Effort.effort(for: self.recipe.made(as: .webp), pixels: Int(self.pixels), frames: 1)
        let effort = max(0, min(most, Rates.encode.count - 1))
        return self.pixels * Rates.searchTries * (Rates.encode[effort] + Rates.compare)
    }
}

/// Microseconds of CPU, and bytes of memory; a pixel of each unless said otherwise, and rounded up. The comments give
/// what was measured, in milliseconds a megapixel: user and system time and peak memory of one release `mediaworker`,
/// less the 137 ms and 49 MiB of its start, under `mediactl convert FILE --presets P --workers 1 --worker-path WRAPPER`
/// with a wrapper that notes what `wait4` says, on a 2-core AMD EPYC. On a machine of another speed the pool's own
/// measurements correct the time.
private enum Rates {
    /// What a job takes whatever the picture: a worker's turn, the answer's way back.
    static let jobTime = Duration.milliseconds(3)
    static let jobBytes = 4 << 20

    /// `p:w=32`: bench12.jpg and photo-20mp-kleiber.jpg (baseline) 2.2 to 2.8, and 6.5 where 1280 px want more of the
    /// decoder; photo-12mp-sunset.jpg and three others (progressive) 7.5 to 13; kodim01.png 8, of smooth 16-bit ones
    /// more; libheif__rainbow-451x461.heic and libavif__io_kodim23_yuv420_8bpc.avif 30.
    static func decode(_ format: PictureFormat, isWhole: Bool) -> Double {
        switch format {
        case .jpeg: isWhole ? 0.012 : 0.006
        case .png: 0.012
        case .gif: 0.008
        case .webp: 0.012
        case .heic, .avif: 0.030
        }
    }

    /// Of a decoder that holds the whole picture. A progressive JPEG's coefficients: the same four files 2.9 to 3.9 at
    /// 4:2:0, twice as many at 4:4:4. Others: RGBA, and planes beside it (HEIF) or a second canvas (animations).
    static func wholeBytes(_ format: PictureFormat) -> Double {
        switch format {
        case .jpeg: 6
        case .png, .gif, .webp: 8
        case .heic, .avif: 10
        }
    }

    /// Of a moving PNG: the canvas, a frame and its rows as the decoder has them, what is put back after it, and a copy
    /// for libvips; by reckoning.
    static let canvasBytes = 24.0

    /// By effort 0 ... 6: kodim01.png at 768 px takes 40, 46 (effort 2), 97 (4) and 300 (6), bench12.jpg at 1280 px
    /// from 15 to 105 (PERFORMANCE.md) and at 3000 px 91 (4): grain costs, so something between them.
    static let encode: [Double] = [0.025, 0.030, 0.035, 0.080, 0.085, 0.100, 0.200]
    /// kodim01.png at effort 4: 700, and 90 bytes.
    static let losslessFactor = 8.0
    static let losslessBytes = 96.0
    /// bench12.jpg with both default presets: 14 MiB over its decoding.
    static let lossyBytes = 12.0
    /// These and the next are `make bench-encoders`', which takes decoding away. JPEG at q=80 and 2 MP: photographs
    /// 11 to 37, noise 39; at q=95, where colours are not halved, 28 to 61 and 118. It is encoded from its
    /// coefficients, two bytes a sample: 4 bytes, and 9 at q=95.
    static let encodeJPEG = 0.040
    static let jpegBytes = 9.0
    /// By libvips' effort 0 ... 3 (every second of ours), q=80. Photographs 46 to 120, 128 to 488, 208 to 631 and 293
    /// to 1099; noise 115 (176 at 12 MP), 498, 795 and 1307. Memory 23 to 30 at any size and effort.
    static let encodeAVIF: [Double] = [0.100, 0.400, 0.600, 0.900]
    static let avifBytes = 30.0
    /// A search: `make check-quality-target` has 2.7 tries on average and 3 for most; the decoder and SSIM take 6 to 15
    /// of them a megapixel each.
    static let searchTries = 3.0
    static let compare = 0.020
    static let searchBytes = 4.0
    /// The scaled picture with its alpha.
    static let baseBytes = 4.0
}
