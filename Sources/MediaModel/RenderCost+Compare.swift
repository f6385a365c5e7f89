extension RenderCost {
    /// Of a comparison: both pictures whole at once, and measured.
    ///
    /// - Parameters:
    ///   - first: its first bytes, ``PictureOutline/openingBytesMax`` of them or all.
    ///   - second: those of the other.
    package init(of job: CompareJob, first: [UInt8], second: [UInt8]) {
        let pictures = [(job.first, first), (job.second, second)]
        let pixels = pictures.map { Self.pixels(of: $0, opening: $1, job.limits) }.reduce(0, +)
        let bytes = pictures.reduce(0) { $0 + $1.0.bytes }
        self.init(
            memoryBytes: bytes + Int(pixels * Self.comparedBytes),
            cpu: .microseconds(Int(pixels * Self.comparedMicroseconds))
        )
    }

    /// A pixel: what a decoder holds of a picture whole, its colours, its luma, and its part of a drawing.
    private static let comparedBytes = 20.0
    /// A pixel: decoded, and drawn.
    private static let comparedMicroseconds = 0.2

    /// - Returns: as many as may be where the opening does not say: the worker's first look ends what is more.
    private static func pixels(of picture: CompareJob.Picture, opening: [UInt8], _ limits: PictureLimits) -> Double {
        let outline = PictureOutline(picture.format, opening: opening, bytes: picture.bytes)
        let most = Double(limits.pixelsMax)
        return min(outline.map { Double($0.size.width) * Double($0.size.height) } ?? most, most)
    }
}
