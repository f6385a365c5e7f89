import CPixels
import CVipsShim
import MediaModel

/// Makes the WebP of one still picture by a recipe: at its quality, or by a search for what it asks for.
///
/// The story:
/// 1. A recipe that says `lossless` is one encoding.
/// 2. Otherwise there is one with loss: at the recipe's quality, or the best that a search for its target finds.
/// 3. Flat art is tried without loss as well, and taken where it has no more bytes: it is the same picture then, not
///    one that is like it.
/// 4. What has come out larger than its source, which has as many pixels or more, is searched for once more, with the
///    source's bytes as the limit: the source has no more to show than it has bytes.
///
/// Time is looked at before each encoding but the first; when it is short, what is there is taken.
struct StillEncoder: ~Copyable {
    /// One file that the picture has come to.
    private struct Attempt {
        let bytes: [UInt8]
        let loss: EncodingChoice.Loss
        let quality: Double
        var ssim: Double?
    }

    /// How many times an encoding with loss one without takes.
    private static let exactFactor = 8
    /// What is lossless in this many times the bytes is tried nearly so.
    private static let nearLosslessReach = 1.5
    /// The quality below which nothing is made smaller for the sake of its source: then it is better large than ugly.
    private static let qualityFloor = 40.0
    /// libwebp's own is 50.
    private static let shapingForSteps = 20
    /// Encodings that the search for the source's bytes may take.
    private static let sourceTriesMax = 4

    private let picture: WebPPictureHandle
    private let recipe: Recipe
    private let effort: Int
    private let timeLeft: () -> Duration
    /// The luma that all are measured against; made when it is first wanted.
    private var original: [UInt8] = []
    private var encodes = 0
    private var longest = Duration.zero

    /// - Parameters:
    ///   - effort: 0 ... 6.
    ///   - timeLeft: until the job's deadline.
    init(
        _ picture: consuming WebPPictureHandle,
        _ recipe: Recipe,
        effort: Int,
        timeLeft: @escaping () -> Duration = { .nanoseconds(cvips_time_left()) }
    ) {
        self.timeLeft = timeLeft
        self.picture = picture
        self.recipe = recipe
        self.effort = effort
    }

    /// - Parameter sourceBytes: that the file should not exceed; nil where the source is no measure of it.
    /// - Returns: the file, and what was chosen where that was not the recipe's to say.
    consuming func file(sourceBytes: Int?) throws(RenderError) -> (bytes: [UInt8], choice: EncodingChoice?) {
        if self.recipe.lossless {
            return (try self.attempt(Double(self.recipe.quality), .lossless).bytes, nil)
        }
        var chosen = try self.lossy()
        if let exact = try self.exact(within: self.bytesWanted ?? chosen.bytes.count) { chosen = exact }
        if let sourceBytes, chosen.bytes.count > sourceBytes, !self.isSSIMWanted {
            chosen = try self.shrunk(chosen, to: sourceBytes)
        }
        let isAsTheRecipeSays = self.recipe.target == nil && self.encodes == 1
        return (chosen.bytes, isAsTheRecipeSays ? nil : self.choice(of: chosen))
    }

    /// The quality that a search for the recipe's target comes to, and the encodings that it took: for the formats
    /// beside WebP.
    consuming func quality() throws(RenderError) -> (quality: Double, encodes: Int) {
        let quality = try self.lossy().quality
        return (quality, self.encodes)
    }

    private func choice(of chosen: borrowing Attempt) -> EncodingChoice {
        let quality = chosen.loss == .lossy ? chosen.quality : nil
        return EncodingChoice(loss: chosen.loss, quality: quality, ssim: chosen.ssim, encodes: self.encodes)
    }

    private var bytesWanted: Int? {
        if case .bytes(let bytes)? = self.recipe.target { bytes } else { nil }
    }

    private var isSSIMWanted: Bool {
        if case .ssim? = self.recipe.target { true } else { false }
    }

    private var pixels: Int { self.picture.size.width * self.picture.size.height }
}

// MARK: - Encodings

extension StillEncoder {
    private mutating func lossy() throws(RenderError) -> Attempt {
        switch self.recipe.target {
        case nil: try self.attempt(Double(self.recipe.quality))
        case .ssim(let tenThousandths): try self.best(of: QualitySearch(.ssim(Double(tenThousandths) / 10_000)))
        case .bytes(let bytes): try self.best(of: QualitySearch(.bytes(bytes, pixels: self.pixels)))
        }
    }

    /// The best that a search comes to.
    ///
    /// - Parameter known: an attempt that was made before.
    private mutating func best(of search: QualitySearch, knowing known: Attempt? = nil) throws(RenderError) -> Attempt {
        var search = search
        var best = known
        if let known { _ = search.note(QualitySearch.Goal.length(known.bytes.count), at: known.quality) }
        while let quality = search.next(), best == nil || self.hasTime {
            var attempt = try self.attempt(quality)
            var value = QualitySearch.Goal.length(attempt.bytes.count)
            if self.isSSIMWanted {
                let ssim = try self.ssim(of: attempt.bytes)
                attempt.ssim = ssim
                value = QualitySearch.Goal.unlikeness(ssim)
            }
            if search.note(value, at: quality) || best == nil { best = attempt }
        }
        guard let best else { return try self.attempt(Double(self.recipe.quality)) }
        return search.hasOvershot ? try self.refined(best) : best
    }

    /// Something between two steps of the quantiser. At a high quality one of them can be .003 of SSIM; with less noise
    /// shaping the same quality is other steps for parts of the picture, most often a little below.
    private mutating func refined(_ best: Attempt) throws(RenderError) -> Attempt {
        guard case .ssim(let tenThousandths)? = self.recipe.target, self.hasTime else { return best }
        var attempt = try self.attempt(best.quality, spatialNoiseShaping: Self.shapingForSteps)
        let ssim = try self.ssim(of: attempt.bytes)
        attempt.ssim = ssim
        let isReached = ssim >= Double(tenThousandths) / 10_000
        return isReached && attempt.bytes.count < best.bytes.count ? attempt : best
    }

    /// The picture without loss, or nearly so, where it is flat art and that takes no more than so many bytes.
    private mutating func exact(within bytes: Int) throws(RenderError) -> Attempt? {
        guard self.recipe.mayBeLossless, self.pixels <= Effort.flatPixelsMax, self.hasTimeForExact,
            self.picture.isFlatArt(within: bytes)
        else { return nil }
        // One that fails is one that is not taken: there is a file already.
        guard let exact = try? self.attempt(Double(self.recipe.quality), .lossless) else { return nil }
        if exact.bytes.count <= bytes { return exact }
        guard Double(exact.bytes.count) <= Double(bytes) * Self.nearLosslessReach, self.hasTime,
            let nearly = try? self.attempt(Double(self.recipe.quality), .nearLossless)
        else { return nil }
        return nearly.bytes.count <= bytes ? nearly : nil
    }

    /// The picture at the highest quality with no more bytes than its source; at the lowest that it is given where that
    /// is not enough.
    private mutating func shrunk(_ large: Attempt, to sourceBytes: Int) throws(RenderError) -> Attempt {
        let qualityMax = large.loss == .lossy ? large.quality : Double(self.recipe.quality)
        guard qualityMax > Self.qualityFloor, self.hasTime else { return large }
        let search = QualitySearch(
            .bytes(sourceBytes, pixels: self.pixels),
            in: Self.qualityFloor...qualityMax,
            triesMax: Self.sourceTriesMax
        )
        let small = try self.best(of: search, knowing: large.loss == .lossy ? large : nil)
        return small.bytes.count < large.bytes.count ? small : large
    }

    private mutating func attempt(
        _ quality: Double,
        _ loss: EncodingChoice.Loss = .lossy,
        spatialNoiseShaping: Int? = nil
    ) throws(RenderError) -> Attempt {
        let start = ContinuousClock.now
        let settings = WebPSettings(
            quality: quality,
            effort: self.effort,
            loss: loss,
            spatialNoiseShaping: spatialNoiseShaping
        )
        let bytes = try self.picture.encoded(settings)
        self.longest = max(self.longest, start.duration(to: .now))
        self.encodes += 1
        return Attempt(bytes: bytes, loss: loss, quality: quality)
    }

    /// How much like the original the file is.
    private mutating func ssim(of file: [UInt8]) throws(RenderError) -> Double {
        // Not before the first encoding: that one sees to what full transparency hides.
        if self.original.isEmpty { self.original = try self.picture.luma() }
        let made = try self.picture.luma(of: file)
        let size = self.picture.size
        return cpixels_ssim(
            self.original,
            size.width,
            made,
            size.width,
            CInt(size.width),
            CInt(size.height)
        )
    }

    /// Whether there is time for another encoding as long as the longest so far, and as much left for what comes after.
    private var hasTime: Bool { self.timeLeft() > self.longest * 2 }

    /// The same for one without loss, of which none was made yet.
    private var hasTimeForExact: Bool { self.timeLeft() > self.longest * (2 * Self.exactFactor) }
}
