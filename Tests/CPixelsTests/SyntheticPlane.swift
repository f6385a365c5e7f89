/// A plane of 8-bit samples that anything can draw again: the other implementation beside which the figures stand too.
struct SyntheticPlane {
    let width: Int
    let height: Int
    var samples: [UInt8]

    /// Slopes and edges; with noise, that of a hash of the place.
    init(width: Int, height: Int, hasNoise: Bool) {
        self.width = width
        self.height = height
        self.samples = (0..<width * height).map { index in
            let (x, y) = (index % width, index / width)
            let slope = ((x * 7 + y * 13 + (x * y) / 5) / 3) % 200 + 20
            return UInt8(hasNoise ? slope + Int(Self.hash(x, y) % 31) - 10 : slope)
        }
    }

    private static func hash(_ x: Int, _ y: Int) -> UInt32 {
        var hash = UInt32(x) &* 2_654_435_761 ^ UInt32(y) &* 2_246_822_519
        hash ^= hash >> 15
        hash &*= 2_246_822_519
        return hash ^ hash >> 13
    }
}
