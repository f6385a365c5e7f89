import CPlanes
import MediaModel

/// The way of a JPEG that stays in its planes (docs/decisions/0027).
///
/// Most uploads are JPEGs of Y, Cb and Cr, and a WebP is made of just those. Such a picture is never made RGB: half the
/// samples, and no conversion either way.
///
/// 1. *Is it one?* By the plan, by the colours as the header has them, and by libjpeg.
/// 2. *Decode and resize* each plane for each rendition, while the rows come.
/// 3. *Encode* them, from large to small like everywhere.
///
/// Whatever is unusual goes the general way, and so does a picture that the decoder complains of: it is refused there,
/// or not, by the same words as ever.
extension Pipeline {
    /// - Returns: nil where the general way is to be taken.
    func outcomeFromPlanes(
        _ opened: borrowing VipsImageHandle,
        _ bytes: UnsafeRawBufferPointer,
        _ source: SourceHeader,
        _ plan: Plan
    ) throws(RenderError) -> RenderOutcome? {
        guard plan.isForPlanes, !Look.mayFindAim(of: self.job), try Self.isInPlanes(opened),
            let jpeg = JPEGPlanes(bytes, limits: self.job.limits), jpeg.stored == source.stored
        else { return nil }
        var stopwatch = Stopwatch()
        var timings = RenderTimings()
        let items = Look(self.job, nil, frames: 1).aimed(plan.items, in: source.upright)
        var orders = items.map { PlaneOrder.order(for: $0.placement, source.orientation) }
        if self.job.givesImpression {
            orders.append(PlaneOrder.whole(SmallPicture.size(of: source.upright), source.orientation))
        }
        guard let pictures = try jpeg.pictures(shrink: plan.shrink, orders) else { return nil }
        var look: Look?
        if self.job.givesImpression {
            look = try pictures.withPlanes(of: items.count) { Look(self.job, SmallPicture($0), frames: 1) }
        }
        timings.decode = stopwatch.lap()
        let measure = SourceMeasure(of: source, self.job.format, bytes: bytes.count)
        var made: [(index: Int, picture: RenderedPicture)] = []
        for (index, item) in items.enumerated() {
            let picture = try pictures.withPlanes(of: index) { (planes) throws(RenderError) in
                try Self.encoded(planes, item, measure)
            }
            made.append((item.index, picture))
        }
        timings.encode = stopwatch.lap()
        return RenderOutcome(
            facts: PictureFacts(size: source.upright, frames: source.frames),
            renditions: made.sorted { $0.index < $1.index }.map(\.picture),
            timings: timings,
            path: .planes,
            impression: look?.impression
        )
    }

    private static func encoded(
        _ planes: Planes,
        _ item: Plan.Item,
        _ measure: SourceMeasure
    ) throws(RenderError) -> RenderedPicture {
        let size = item.placement.output
        guard planes.size == size else {
            throw RenderError(.undecodable, detail: "planes of \(planes.size) where \(size) was planned")
        }
        let recipe = item.preset.recipe
        let effort = Effort.effort(for: recipe, pixels: size.width * size.height, frames: 1)
        let encoder = StillEncoder(try WebPPictureHandle(planes), recipe, effort: effort)
        let (bytes, choice) = try encoder.file(sourceBytes: measure.bytesMax(for: size))
        return RenderedPicture(preset: item.preset, size: size, bytes: bytes, choice: choice)
    }

    /// Whether the picture's numbers mean what a WebP's do: sRGB, or grey, and no profile that says otherwise.
    private static func isInPlanes(_ opened: borrowing VipsImageHandle) throws(RenderError) -> Bool {
        try ColourWay(of: Self.managed(opened.shared())) != .byProfile
    }
}

extension Plan {
    /// Whether all of it can be made of planes: one decode is for all renditions, so one that cannot takes the others
    /// with it.
    var isForPlanes: Bool {
        self.format == .jpeg && self.frames == 1 && self.items.allSatisfy(\.isForPlanes) && self.hasRoomForPlanes
    }

    /// Renditions that are this small together take no more memory than a worker has in any case.
    private static let planesPixelsMin = 8_000_000

    /// Whether the planes of all renditions, which are in memory at the same time, take no more than ``RenderCost``
    /// counts for a base: 4 bytes a pixel of the largest one, where planes have 1.5.
    private var hasRoomForPlanes: Bool {
        let pixels = self.items.map { $0.placement.output.width * $0.placement.output.height }
        guard let largest = pixels.max() else { return false }
        return pixels.reduce(0, +) <= max(Self.planesPixelsMin, largest * 8 / 3)
    }
}

extension Plan.Item {
    /// A WebP with loss, and no pixel in it that is not the picture's: what is made up (by enlarging, by filling a
    /// canvas) is made up of colours.
    fileprivate var isForPlanes: Bool {
        let recipe = self.preset.recipe
        return recipe.format == .webp && !recipe.isLossless && self.placement.canvas == nil
            && !self.placement.isEnlargement
    }
}

/// What a placement means for a picture that is not upright yet: `CPlanes` counts along the sides of the picture as
/// stored, and turns what it has made.
enum PlaneOrder {
    /// For each EXIF orientation 1 ... 8: whether upright means counting columns and rows from their end, and then
    /// making rows of columns.
    private static let turns: [(columns: Bool, rows: Bool, transposed: Bool)] = [
        (false, false, false), (true, false, false), (true, true, false), (false, true, false),
        (false, false, true), (false, true, true), (true, true, true), (true, false, true),
    ]

    /// - Parameter orientation: 1 ... 8.
    static func order(for placement: Placement, _ orientation: Int) -> cplanes_order {
        let size = placement.scaled
        let all = Window(left: 0, top: 0, width: size.width, height: size.height)
        return Self.order(placement.cutLast ?? all, of: size, orientation)
    }

    /// All of the picture, at that size.
    static func whole(_ size: PictureSize, _ orientation: Int) -> cplanes_order {
        Self.order(Window(left: 0, top: 0, width: size.width, height: size.height), of: size, orientation)
    }

    private static func order(_ window: Window, of size: PictureSize, _ orientation: Int) -> cplanes_order {
        let turn = Self.turns[orientation - 1]
        let across = (scaled: size.width, first: window.left, count: window.width)
        let down = (scaled: size.height, first: window.top, count: window.height)
        let (columns, rows) = turn.transposed ? (down, across) : (across, down)
        return cplanes_order(
            horizontal: Self.side(columns, isReversed: turn.columns),
            vertical: Self.side(rows, isReversed: turn.rows),
            transposed: turn.transposed ? 1 : 0
        )
    }

    private static func side(_ side: (scaled: Int, first: Int, count: Int), isReversed: Bool) -> cplanes_side {
        cplanes_side(
            scaled: CInt(side.scaled),
            first: CInt(side.first),
            count: CInt(side.count),
            reversed: isReversed ? 1 : 0
        )
    }
}
