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
        _ animation: Animation
    ) throws(RenderError) -> RenderedPicture {
        let size = item.placement.output
        // The catalog and every client go by the planned size; a resizer that rounds otherwise must not go unseen.
        guard finished.strip.width == size.width, finished.strip.height == size.height * item.frames else {
            let found = "\(finished.strip.width) × \(finished.strip.height)"
            let planned = "\(size.width) × \(size.height) × \(item.frames)"
            throw RenderError(.undecodable, detail: "a rendition of \(found) where \(planned) was planned")
        }
        let bytes = try Self.file(of: finished.strip, item, animation)
        return RenderedPicture(preset: item.preset, size: size, bytes: bytes)
    }

    private static func file(
        of strip: borrowing VipsImageHandle,
        _ item: Plan.Item,
        _ animation: Animation
    ) throws(RenderError) -> [UInt8] {
        let recipe = item.preset.recipe
        let size = item.placement.output
        // libvips 8.14.1 writes EXIF, XMP and ICC into a WebP whatever `strip` says: nothing may be left to write.
        var current = try strip.withoutMetadata()
        if item.frames > 1 { current = try current.animated(animation, frameHeight: size.height) }
        let effort = Effort.effort(for: recipe, pixels: size.width * size.height, frames: item.frames)
        switch recipe.format {
        case .webp:
            return try current.encodedAsWebP(quality: recipe.quality, effort: effort, lossless: recipe.lossless)
        case .jpeg:
            // There is no transparency in a JPEG: the background shows through.
            if current.hasAlpha { current = try current.flattened(onto: recipe.background) }
            return try current.encodedAsJPEG(quality: recipe.quality)
        case .avif:
            return try current.encodedAsAVIF(quality: recipe.quality, effort: effort)
        }
    }
}
