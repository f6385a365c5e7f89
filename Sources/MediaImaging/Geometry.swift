import MediaModel

/// A rectangle in pixels, or a canvas with the place of a picture on it.
struct Window: Hashable, Sendable {
    var left: Int
    var top: Int
    var width: Int
    var height: Int
}

extension Window {
    /// Around `point`, or as near to it as the window stays inside.
    fileprivate func moved(to point: FocalPoint, in whole: PictureSize) -> Window {
        var window = self
        window.left = Self.start(of: self.width, in: whole.width, around: point.x)
        window.top = Self.start(of: self.height, in: whole.height, around: point.y)
        return window
    }

    /// - Parameter fraction: in ten-thousandths, as ``FocalPoint`` has it.
    private static func start(of part: Int, in whole: Int, around fraction: Int) -> Int {
        let twice = 2 * fraction * whole - FocalPoint.whole * part
        return max(0, min((twice + FocalPoint.whole) / (2 * FocalPoint.whole), whole - part))
    }
}

/// Where a picture's pixels go in one rendition. All sizes are of one upright frame.
struct Placement: Hashable, Sendable {
    /// What to cut out of the source before it is scaled; nil for all of it. Only where it is enlarged: enlarging what
    /// is then cut off could take any amount of memory (a line of 65535 pixels that is to cover a square).
    var cutFirst: Window?
    /// The size to scale to.
    var scaled: PictureSize
    /// What to cut out of the scaled picture; nil for all of it. Where it is reduced, cutting last keeps the cut exact.
    var cutLast: Window?
    /// The canvas to put the picture on, and where.
    var canvas: Window?

    /// Whether pixels are made up.
    var isEnlargement: Bool

    /// The same with what is cut out as near around `point` as the picture allows.
    ///
    /// - Parameter source: upright.
    func aimed(at point: FocalPoint, in source: PictureSize) -> Placement {
        var placement = self
        placement.cutFirst = self.cutFirst?.moved(to: point, in: source)
        placement.cutLast = self.cutLast?.moved(to: point, in: self.scaled)
        return placement
    }

    /// The rendition's size.
    var output: PictureSize {
        if let canvas = self.canvas { return PictureSize(width: canvas.width, height: canvas.height) }
        if let cut = self.cutLast { return PictureSize(width: cut.width, height: cut.height) }
        return self.scaled
    }
}

/// The arithmetic of fits, as `Fit` describes them: sides are rounded to nearest, and at least 1 pixel.
enum Geometry {
    /// - Parameter source: upright.
    static func place(_ source: PictureSize, by recipe: Recipe) -> Placement {
        let sideMax = recipe.format.sideMax
        let box = PictureSize(
            width: min(recipe.width ?? sideMax, sideMax),
            height: min(recipe.height ?? sideMax, sideMax)
        )
        // With a side left open there is no box to fill; with both open there is nothing to enlarge to.
        let isOpen = recipe.width == nil || recipe.height == nil
        let isWideOpen = recipe.width == nil && recipe.height == nil
        if isOpen {
            let enlarging = recipe.fit != .scaleDown && recipe.fit != .crop && !isWideOpen
            return Self.inside(source, box, enlarging: enlarging)
        }
        switch recipe.fit {
        case .scaleDown: return Self.inside(source, box, enlarging: false)
        case .contain: return Self.inside(source, box, enlarging: true)
        case .cover: return Self.filling(source, box)
        case .crop: return Self.cropping(source, box)
        case .pad: return Self.padded(Self.inside(source, box, enlarging: true), box)
        }
    }

    private static func inside(_ source: PictureSize, _ box: PictureSize, enlarging: Bool) -> Placement {
        let fits = source.width <= box.width && source.height <= box.height
        if fits, !enlarging { return Placement(scaled: source, isEnlargement: false) }
        // Exact in integers: which of the box's sides is reached first.
        let widthBinds = box.width * source.height <= box.height * source.width
        let scaled =
            widthBinds
            ? PictureSize(width: box.width, height: Self.share(source.height, box.width, source.width))
            : PictureSize(width: Self.share(source.width, box.height, source.height), height: box.height)
        return Placement(scaled: scaled, isEnlargement: fits && scaled != source)
    }

    private static func filling(_ source: PictureSize, _ box: PictureSize) -> Placement {
        if source.width < box.width || source.height < box.height { return Self.enlargedToFill(source, box) }
        let widthBinds = box.width * source.height >= box.height * source.width
        let scaled =
            widthBinds
            ? PictureSize(
                width: box.width,
                height: max(box.height, Self.share(source.height, box.width, source.width))
            )
            : PictureSize(
                width: max(box.width, Self.share(source.width, box.height, source.height)),
                height: box.height
            )
        return Placement(scaled: scaled, cutLast: Self.centre(of: scaled, box), isEnlargement: false)
    }

    private static func enlargedToFill(_ source: PictureSize, _ box: PictureSize) -> Placement {
        let widthBinds = box.width * source.height >= box.height * source.width
        let cut =
            widthBinds
            ? PictureSize(
                width: source.width,
                height: min(source.height, Self.share(box.height, source.width, box.width))
            )
            : PictureSize(
                width: min(source.width, Self.share(box.width, source.height, box.height)),
                height: source.height
            )
        return Placement(cutFirst: Self.centre(of: source, cut), scaled: box, isEnlargement: true)
    }

    private static func cropping(_ source: PictureSize, _ box: PictureSize) -> Placement {
        if source.width >= box.width, source.height >= box.height { return Self.filling(source, box) }
        // Smaller on one side at least: nothing may be enlarged, so only what juts out is cut.
        let cut = PictureSize(width: min(source.width, box.width), height: min(source.height, box.height))
        return Placement(scaled: source, cutLast: Self.centre(of: source, cut), isEnlargement: false)
    }

    private static func padded(_ placement: Placement, _ box: PictureSize) -> Placement {
        var placement = placement
        if placement.scaled != box {
            placement.canvas = Window(
                left: (box.width - placement.scaled.width) / 2,
                top: (box.height - placement.scaled.height) / 2,
                width: box.width,
                height: box.height
            )
        }
        return placement
    }

    private static func centre(of size: PictureSize, _ part: PictureSize) -> Window? {
        if size == part { return nil }
        return Window(
            left: (size.width - part.width) / 2,
            top: (size.height - part.height) / 2,
            width: part.width,
            height: part.height
        )
    }

    /// `side × part ÷ whole`, rounded to nearest, at least 1.
    private static func share(_ side: Int, _ part: Int, _ whole: Int) -> Int {
        max(1, (2 * side * part + whole) / (2 * whole))
    }
}
