import MediaModel

/// What is decoded, and in which order the renditions are made of it. Pure arithmetic on header and presets.
struct Plan {
    struct Item {
        /// In the job's presets.
        let index: Int
        let preset: Preset
        let placement: Placement
        /// 1, or all of the source's.
        let frames: Int

        /// The same with what is cut out around `point`.
        func aimed(at point: FocalPoint, in source: PictureSize) -> Item {
            let placement = self.placement.aimed(at: point, in: source)
            return Item(index: self.index, preset: self.preset, placement: placement, frames: self.frames)
        }
    }

    /// How much larger than wanted a JPEG still is after its DCT has shrunk it. Less costs sharpness: at 1.17 ×
    /// imgproxy loses 1.8 dB (PERFORMANCE.md).
    private static let shrinkMargin = 1.5

    /// In the order of making: enlargements first, for they need the base itself; then from large to small, each made
    /// of the one before.
    let items: [Item]
    /// The upright size to which the source is decoded: the largest that is wanted, never larger than the source.
    let base: PictureSize
    /// 1, 2, 4 or 8.
    let shrink: Int
    /// Frames to decode: 1, or all of the source's.
    let frames: Int
    let format: PictureFormat

    private init(_ items: [Item], of source: PictureSize, _ format: PictureFormat) {
        self.items = items.sorted { Self.rank($0) > Self.rank($1) }
        self.base = Self.base(for: self.items, of: source)
        self.frames = items.map(\.frames).max() ?? 1
        self.format = format
        self.shrink = format == .jpeg ? Self.shrink(from: source, to: self.base) : 1
    }

    /// Those items alone, or nil where there is none of them.
    func only(_ source: PictureSize, where isOne: (Item) -> Bool) -> Plan? {
        let items = self.items.filter(isOne)
        return items.isEmpty ? nil : Plan(items, of: source, self.format)
    }

    /// - Throws: ``RenderError`` `.tooManyPixels` where a recipe blows the picture up beyond what a picture may have,
    ///   or wants more of it than the format can have.
    init(_ source: SourceHeader, job: RenderJob) throws(RenderError) {
        var items: [Item] = []
        for (index, preset) in job.presets.enumerated() {
            let placement = Geometry.place(source.upright, by: preset.recipe)
            let output = placement.output
            let pixels = output.width * output.height
            guard pixels <= min(job.limits.pixelsMax, preset.recipe.format.pixelsMax) else {
                throw RenderError(.tooManyPixels, detail: "\(preset.name) would be \(output.width) × \(output.height)")
            }
            let isLossless = preset.recipe.lossless
            let animationMax = isLossless ? Effort.animationPixelsMaxLossless : Effort.animationPixelsMax
            let moves =
                preset.recipe.animated && preset.recipe.format.isAnimated && source.frames > 1
                && pixels <= animationMax / source.frames
            items.append(Item(index: index, preset: preset, placement: placement, frames: moves ? source.frames : 1))
        }
        self.init(items, of: source.upright, job.format)
    }

    private static func rank(_ item: Item) -> Int {
        item.placement.isEnlargement ? .max : item.placement.scaled.width * item.placement.scaled.height
    }

    private static func base(for items: [Item], of source: PictureSize) -> PictureSize {
        // Nothing to make: the picture is decoded to see whether it can be.
        guard let largest = items.first?.placement else { return PictureSize(width: 1, height: 1) }
        return largest.isEnlargement ? source : largest.scaled
    }

    private static func shrink(from source: PictureSize, to base: PictureSize) -> Int {
        let width = Double(source.width) / (Double(base.width) * Self.shrinkMargin)
        let height = Double(source.height) / (Double(base.height) * Self.shrinkMargin)
        return [8, 4, 2].first { Double($0) <= min(width, height) } ?? 1
    }
}
