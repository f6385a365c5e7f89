import MediaModel

/// The steps, one function each.
extension Pipeline {
    /// How each EXIF orientation 1 ... 8 becomes upright: quarter turns clockwise, then perhaps mirrored left to right.
    private static let turns: [(quarters: Int, isMirrored: Bool)] = [
        (0, false), (0, true), (2, false), (2, true), (1, true), (1, false), (3, true), (3, false),
    ]

    static func apply<Order>(
        _ steps: [Step<Order>],
        to frame: consuming VipsImageHandle,
        _ order: Order
    ) throws(RenderError) -> VipsImageHandle {
        var current = frame
        for step in steps { current = try step(current, order) }
        return current
    }

    static func reduce(_ frame: consuming VipsImageHandle, _ order: BaseOrder) throws(RenderError) -> VipsImageHandle {
        if frame.size == order.size { return frame }
        return try frame.resized(to: order.size)
    }

    static func compute(_ frame: consuming VipsImageHandle, _ order: BaseOrder) throws(RenderError) -> VipsImageHandle {
        try frame.materialised()
    }

    static func convertToSRGB(
        _ frame: consuming VipsImageHandle,
        _ order: BaseOrder
    ) throws(RenderError) -> VipsImageHandle {
        let converted: VipsImageHandle
        switch order.colour {
        case .plain: return frame
        case .byProfile: converted = try frame.convertedByProfile()
        case .bySpace: converted = try frame.convertedByColourSpace()
        }
        // Whatever libvips called a fifth band, WebP has no place for it.
        return converted.bands > 4 ? try converted.keepingBands(4) : converted
    }

    static func turnUpright(
        _ frame: consuming VipsImageHandle,
        _ order: BaseOrder
    ) throws(RenderError) -> VipsImageHandle {
        let turn = Self.turns[order.orientation - 1]
        var current = frame
        if turn.quarters != 0 { current = try current.rotated(quarters: turn.quarters) }
        if turn.isMirrored { current = try current.flippedHorizontally() }
        return current
    }

    static func cutToBox(_ frame: consuming VipsImageHandle, _ item: Plan.Item) throws(RenderError) -> VipsImageHandle {
        guard let window = item.placement.cutLast else { return frame }
        return try frame.cropped(to: window)
    }

    static func putOnCanvas(
        _ frame: consuming VipsImageHandle,
        _ item: Plan.Item
    ) throws(RenderError) -> VipsImageHandle {
        guard let canvas = item.placement.canvas else { return frame }
        let colour = item.preset.recipe.background.components
        var current = frame
        if colour[3] < 255, !current.hasAlpha { current = try current.withAlpha() }
        return try current.embedded(in: canvas, colour: colour)
    }

    /// The item's picture before it is finished: `larger`, scaled down (or, from a cut of it, up).
    static func scaled(_ larger: borrowing FrameStrip, _ item: Plan.Item) throws(RenderError) -> FrameStrip {
        let placement = item.placement
        // An animation can be hundreds of megabytes: no copy without need.
        let isThereAlready = larger.size == placement.scaled && placement.cutFirst == nil
        if isThereAlready, larger.frames == item.frames { return larger.shared() }
        return try larger.mapping(item.frames) { (frame) throws(RenderError) in
            var current = frame
            if let window = placement.cutFirst { current = try current.cropped(to: window) }
            if current.size != placement.scaled { current = try current.resized(to: placement.scaled) }
            return current
        }
    }

    static func finished(_ scaled: borrowing FrameStrip, _ item: Plan.Item) throws(RenderError) -> FrameStrip {
        if item.placement.cutLast == nil, item.placement.canvas == nil { return scaled.shared() }
        return try scaled.mapping(item.frames) { (frame) throws(RenderError) in
            try Self.apply(Self.finishingSteps, to: frame, item)
        }
    }

    static func encoded(
        _ finished: borrowing FrameStrip,
        _ item: Plan.Item,
        _ terms: EncodingTerms
    ) throws(RenderError) -> RenderedPicture {
        let size = item.placement.output
        // The catalog and every client go by the planned size; a resizer that rounds otherwise must not go unseen.
        guard finished.strip.width == size.width, finished.strip.height == size.height * item.frames else {
            let found = "\(finished.strip.width) × \(finished.strip.height)"
            let planned = "\(size.width) × \(size.height) × \(item.frames)"
            throw RenderError(.undecodable, detail: "a rendition of \(found) where \(planned) was planned")
        }
        let (file, choice) = try Self.file(of: finished.strip, item, terms)
        let bytes = terms.profile?.embedded(in: file, item.preset.recipe.format) ?? file
        return RenderedPicture(preset: item.preset, size: size, bytes: bytes, choice: choice)
    }

    private static func file(
        of strip: borrowing VipsImageHandle,
        _ item: Plan.Item,
        _ terms: EncodingTerms
    ) throws(RenderError) -> (bytes: [UInt8], choice: EncodingChoice?) {
        let recipe = item.preset.recipe
        let size = item.placement.output
        let effort = Effort.effort(for: recipe, pixels: size.width * size.height, frames: item.frames)
        if recipe.format == .webp, item.frames == 1 {
            let encoder = StillEncoder(try WebPPictureHandle(strip.shared()), recipe, effort: effort)
            return try encoder.file(sourceBytes: terms.measure.bytesMax(for: size))
        }
        // libvips 8.14.1 writes EXIF, XMP and ICC into a WebP whatever `strip` says: nothing may be left to write.
        var current = try strip.withoutMetadata()
        switch recipe.format {
        case .webp:
            current = try current.animated(terms.animation, frameHeight: size.height)
            let (quality, lossless) = (recipe.quality, recipe.lossless)
            return (try current.encodedAsWebP(quality: quality, effort: effort, lossless: lossless), nil)
        case .jpeg:
            // There is no transparency in a JPEG: the background shows through.
            if current.hasAlpha { current = try current.flattened(onto: recipe.background) }
            let (quality, choice) = try Self.quality(of: current, recipe)
            return (try current.encodedAsJPEG(quality: quality), choice)
        case .avif:
            // The other two take it into the finished file, which says more surely that nothing else came along.
            if let profile = terms.profile { current = try current.withProfile(profile.bytes) }
            let (quality, choice) = try Self.quality(of: current, recipe)
            return (try current.encodedAsAVIF(quality: quality, effort: effort), choice)
        }
    }

    /// The quality for a format beside WebP, on WebP's scale: where the recipe has a target, what a WebP needs for it.
    private static func quality(
        of picture: borrowing VipsImageHandle,
        _ recipe: Recipe
    ) throws(RenderError) -> (quality: Int, choice: EncodingChoice?) {
        guard recipe.target != nil else { return (recipe.quality, nil) }
        let pixels = picture.width * picture.height
        let effort = Effort.effort(for: recipe.made(as: .webp), pixels: pixels, frames: 1)
        let encoder = StillEncoder(try WebPPictureHandle(picture.shared()), recipe, effort: effort)
        let found = try encoder.quality()
        let quality = max(1, Int(found.quality.rounded()))
        // What was measured was another file.
        return (quality, EncodingChoice(quality: Double(quality), encodes: found.encodes))
    }
}
