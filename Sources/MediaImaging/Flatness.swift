import MediaModel

/// Tells drawings, logos and screenshots from photographs, before an encoder is asked: a lossless encoding takes eight
/// times as long as one with loss, and of a photograph twelve times the bytes.
///
/// Two things are looked at, on every eighth row. The share of pixels that are exactly as the one to their left: 0.01
/// to 0.2 for photographs at 1280 px, but 0.73 where most of one is out of focus. And the number of colours: 10,000 in
/// that one, hundreds in a drawing with soft edges.
enum Flatness {
    private static let rowStep = 8
    private static let shareMin = 0.4
    private static let coloursMax = 1024
    /// About what a pixel that is not as its neighbour takes without loss: in photographs as much, in drawings less,
    /// where the same edges come again. So much more than allowed is worth a try.
    private static let bytesAPixel = 1.0
    private static let hopefulness = 4.0

    /// Whether the picture is likely to come out in about as many bytes without loss.
    ///
    /// - Parameters:
    ///   - pixels: 8-bit samples, `bands` a pixel, without gaps.
    ///   - bytes: that it may take.
    static func isArt(_ pixels: UnsafeRawPointer, size: PictureSize, bands: Int, within bytes: Int) -> Bool {
        let share = Self.share(pixels, size: size, bands: bands)
        let estimate = (1 - share) * Double(size.width * size.height) * Self.bytesAPixel
        return share >= Self.shareMin && estimate <= Double(bytes) * Self.hopefulness
            && Self.hasFewColours(pixels, size: size, bands: bands)
    }

    /// The share of pixels, 0 ... 1, that are exactly as the one to their left.
    static func share(_ pixels: UnsafeRawPointer, size: PictureSize, bands: Int) -> Double {
        var (same, all) = (0, 0)
        for row in Self.rows(of: pixels, size: size, bands: bands) {
            for pixel in stride(from: bands, to: row.count, by: bands) {
                var differs: UInt8 = 0
                for sample in pixel..<pixel + bands { differs |= row[sample] ^ row[sample - bands] }
                if differs == 0 { same += 1 }
            }
            all += size.width - 1
        }
        return all == 0 ? 1 : Double(same) / Double(all)
    }

    private static func hasFewColours(_ pixels: UnsafeRawPointer, size: PictureSize, bands: Int) -> Bool {
        var seen: Set<UInt32> = []
        for row in Self.rows(of: pixels, size: size, bands: bands) {
            var last: UInt32?
            for pixel in stride(from: 0, to: row.count, by: bands) {
                var colour: UInt32 = 0
                for sample in pixel..<pixel + bands { colour = colour << 8 | UInt32(row[sample]) }
                if colour != last { seen.insert(colour) }
                last = colour
            }
            if seen.count > Self.coloursMax { return false }
        }
        return true
    }

    private static func rows(
        of pixels: UnsafeRawPointer,
        size: PictureSize,
        bands: Int
    ) -> some Sequence<UnsafeRawBufferPointer> {
        let rowBytes = size.width * bands
        return stride(from: 0, to: size.height, by: Self.rowStep).lazy.map {
            UnsafeRawBufferPointer(start: pixels + $0 * rowBytes, count: rowBytes)
        }
    }
}
