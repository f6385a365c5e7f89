/// What a picture may cost, checked from its header before any pixel is decoded and at every open.
package struct PictureLimits: Sendable, Hashable, Codable {
    /// Pixels of one frame: width × height. Default 50 megapixels.
    package var pixelsMax: Int
    /// Pixels of all frames together. Default 100 megapixels.
    package var pixelsTotalMax: Int
    /// The longest side, in pixels. Default 65535.
    package var sideMax: Int
    /// Frames of an animation. Default 500.
    package var framesMax: Int

    package init(
        pixelsMax: Int = 50_000_000,
        pixelsTotalMax: Int = 100_000_000,
        sideMax: Int = 65535,
        framesMax: Int = 500
    ) {
        self.pixelsMax = pixelsMax
        self.pixelsTotalMax = pixelsTotalMax
        self.sideMax = sideMax
        self.framesMax = framesMax
    }
}
