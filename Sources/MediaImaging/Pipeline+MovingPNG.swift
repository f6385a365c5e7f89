import MediaModel

/// An animated PNG, and the file it is in.
struct MovingPNG {
    let animation: PNGAnimation
    let file: UnsafeRawBufferPointer

    /// Where the first frame alone is wanted, and is what the loader reads, the loader does: line by line.
    func isNeeded(for plan: Plan) -> Bool { plan.frames > 1 || !self.animation.showsFirst }
}

extension Pipeline {
    /// The base of an animation that is put together frame by frame; each is scaled down before the next is drawn.
    ///
    /// - Parameter profile: what the colours of the file mean.
    static func base(
        _ png: MovingPNG,
        _ profile: [UInt8]?,
        _ source: SourceHeader,
        _ plan: Plan,
        keeping kept: KeptProfile?
    ) throws(RenderError) -> FrameStrip {
        var canvas = FrameCanvas(png.animation, in: png.file, profile: profile)
        var colour = kept?.way
        return try FrameStrip.collecting(plan.frames) { () throws(RenderError) in
            let frame = try canvas.next()
            if colour == nil { colour = ColourWay(of: frame) }
            let order = BaseOrder(
                size: source.turned(plan.base),
                orientation: source.orientation,
                colour: colour ?? .plain
            )
            return try Self.apply(Self.baseSteps, to: frame, order)
        }
    }
}
