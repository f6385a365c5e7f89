import MediaModel

/// The colour that most of a picture has, or nearly.
enum DominantColour {
    /// Steps of each channel: coarse, so that a sky is one colour.
    private static let steps = 8
    private static let levels = 256 / Self.steps
    /// What is less opaque is not there to be seen.
    private static let alphaMin: UInt8 = 128

    private struct Bin {
        var count = 0
        var red = 0
        var green = 0
        var blue = 0

        mutating func add(_ other: Bin) {
            self.count += other.count
            self.red += other.red
            self.green += other.green
            self.blue += other.blue
        }
    }

    /// The mean of the fullest bin of a histogram with its neighbours, for a colour may lie on the edge of a bin. A
    /// picture that shows nothing is white.
    static func find(in picture: SmallPicture) -> Colour {
        let bins = Self.histogram(of: picture)
        var best = Bin()
        for index in bins.indices where bins[index].count > 0 {
            let (red, green, blue) = (
                index / Self.steps / Self.steps, index / Self.steps % Self.steps, index % Self.steps
            )
            var bin = bins[index]
            for step in [-1, 1] {
                for near in [(red + step, green, blue), (red, green + step, blue), (red, green, blue + step)]
                where [near.0, near.1, near.2].allSatisfy((0..<Self.steps).contains) {
                    bin.add(bins[(near.0 * Self.steps + near.1) * Self.steps + near.2])
                }
            }
            if bin.count > best.count { best = bin }
        }
        guard best.count > 0 else { return .white }
        let mean = [best.red, best.green, best.blue].map { UInt8(($0 + best.count / 2) / best.count) }
        return Colour(red: mean[0], green: mean[1], blue: mean[2])
    }

    private static func histogram(of picture: SmallPicture) -> [Bin] {
        var bins = [Bin](repeating: Bin(), count: Self.steps * Self.steps * Self.steps)
        for offset in stride(from: 0, to: picture.rgba.count, by: 4) where picture.rgba[offset + 3] >= Self.alphaMin {
            let (red, green, blue) = (
                Int(picture.rgba[offset]), Int(picture.rgba[offset + 1]), Int(picture.rgba[offset + 2])
            )
            let index = (red / Self.levels * Self.steps + green / Self.levels) * Self.steps + blue / Self.levels
            bins[index].add(Bin(count: 1, red: red, green: green, blue: blue))
        }
        return bins
    }
}
