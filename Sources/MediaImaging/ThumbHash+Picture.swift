import Glibc
import MediaModel

/// Makes a ThumbHash (its layout is at the type): a cosine transform of four channels, of which the lowest frequencies
/// are kept.
extension ThumbHash {
    init(of picture: SmallPicture) {
        let channels = Channels(picture)
        let longer = Double(max(picture.width, picture.height))
        let most = Double(Self.frequencies(hasAlpha: channels.hasAlpha))
        let across = max(1, Int((most * Double(picture.width) / longer).rounded()))
        let down = max(1, Int((most * Double(picture.height) / longer).rounded()))

        let lightness = Spectrum(channels.lightness, picture, across: max(3, across), down: max(3, down))
        let colours = [channels.yellowBlue, channels.redGreen].map {
            Spectrum($0, picture, across: Self.colourFrequencies, down: Self.colourFrequencies)
        }
        let alpha =
            channels.hasAlpha
            ? Spectrum(channels.alpha, picture, across: Self.alphaFrequencies, down: Self.alphaFrequencies) : nil

        let isLandscape = picture.width > picture.height
        var bits = Bits()
        bits.append(lightness.average, steps: 63, bits: 6)
        for colour in colours { bits.append(0.5 + 0.5 * colour.average, steps: 63, bits: 6) }
        bits.append(lightness.scale, steps: 31, bits: 5)
        bits.append(channels.hasAlpha ? 1 : 0, steps: 1, bits: 1)
        bits.append(Double(isLandscape ? down : across) / 7, steps: 7, bits: 3)
        for colour in colours { bits.append(colour.scale, steps: 63, bits: 6) }
        bits.append(isLandscape ? 1 : 0, steps: 1, bits: 1)
        if let alpha {
            bits.append(alpha.average, steps: 15, bits: 4)
            bits.append(alpha.scale, steps: 15, bits: 4)
        }
        for spectrum in [lightness] + colours + (alpha.map { [$0] } ?? []) {
            for frequency in spectrum.frequencies { bits.append(frequency, steps: 15, bits: 4) }
        }
        guard let hash = ThumbHash(bytes: bits.bytes) else { preconditionFailure("a ThumbHash of another length") }
        self = hash
    }

    /// What is transformed: each pixel's lightness, two differences of colours, and alpha, in 0 ... 1 and -1 ... 1.
    /// What is transparent has the picture's average behind it: the hash says nothing of what is not seen.
    private struct Channels {
        var lightness: [Double] = []
        var yellowBlue: [Double] = []
        var redGreen: [Double] = []
        var alpha: [Double] = []
        let hasAlpha: Bool

        init(_ picture: SmallPicture) {
            let rgba = picture.rgba
            let pixels = stride(from: 0, to: rgba.count, by: 4)
            var (sums, seen) = ((0.0, 0.0, 0.0), 0.0)
            for offset in pixels {
                let alpha = Double(rgba[offset + 3]) / 255
                sums.0 += alpha * Double(rgba[offset]) / 255
                sums.1 += alpha * Double(rgba[offset + 1]) / 255
                sums.2 += alpha * Double(rgba[offset + 2]) / 255
                seen += alpha
            }
            let average = seen == 0 ? sums : (sums.0 / seen, sums.1 / seen, sums.2 / seen)
            self.hasAlpha = pixels.contains { rgba[$0 + 3] < 255 }
            for offset in pixels {
                let alpha = Double(rgba[offset + 3]) / 255
                let red = average.0 * (1 - alpha) + alpha * Double(rgba[offset]) / 255
                let green = average.1 * (1 - alpha) + alpha * Double(rgba[offset + 1]) / 255
                let blue = average.2 * (1 - alpha) + alpha * Double(rgba[offset + 2]) / 255
                self.lightness.append((red + green + blue) / 3)
                self.yellowBlue.append((red + green) / 2 - blue)
                self.redGreen.append(red - green)
                self.alpha.append(alpha)
            }
        }
    }

    /// The low frequencies of a channel.
    private struct Spectrum {
        /// Below it, a frequency is what computing in fractions leaves of none.
        private static let noise = 1e-9

        let average: Double
        /// The largest frequency's amplitude.
        let scale: Double
        /// Row by row of the triangle, without the average: 0 ... 1 for minus to plus ``scale``.
        let frequencies: [Double]

        init(_ channel: [Double], _ picture: SmallPicture, across: Int, down: Int) {
            let (width, height) = (picture.width, picture.height)
            // Along the rows first, then along the columns of what is left: the same sums, far fewer of them.
            let horizontal = Self.cosines(across, along: width)
            let rows = (0..<height).map { y in
                horizontal.map { cosines in (0..<width).reduce(0) { $0 + channel[y * width + $1] * cosines[$1] } }
            }
            var found: [Double] = []
            for (cy, vertical) in Self.cosines(down, along: height).enumerated() {
                for cx in 0..<across where cx * down < across * (down - cy) {
                    // Fewer pixels than that have no such frequency; what would be found is another one's mirror image.
                    let isThere = cx < width && cy < height
                    let sum = isThere ? (0..<height).reduce(0) { $0 + rows[$1][cx] * vertical[$1] } : 0
                    found.append(sum / Double(width * height))
                }
            }
            let scale = found.dropFirst().reduce(0) { max($0, abs($1)) }
            self.average = found[0]
            self.scale = scale < Self.noise ? 0 : scale
            self.frequencies = found.dropFirst().map { scale < Self.noise ? 0 : 0.5 + 0.5 * $0 / scale }
        }

        private static func cosines(_ count: Int, along side: Int) -> [[Double]] {
            (0..<count).map { frequency in
                (0..<side).map { cos(Double.pi / Double(side) * Double(frequency) * (Double($0) + 0.5)) }
            }
        }
    }

    /// Bytes that are filled from the lowest bit.
    private struct Bits {
        private(set) var bytes: [UInt8] = []
        private var count = 0

        /// - Parameter value: 0 ... 1, in `steps` steps.
        mutating func append(_ value: Double, steps: Int, bits: Int) {
            let number = max(0, min(steps, Int((value * Double(steps)).rounded())))
            for bit in 0..<bits {
                if self.count % 8 == 0 { self.bytes.append(0) }
                if number >> bit & 1 == 1 { self.bytes[self.count / 8] |= 1 << UInt8(self.count % 8) }
                self.count += 1
            }
        }
    }
}
