import Foundation
import MediaModel
import Testing

@testable import MediaImaging

/// A small picture of which each pixel is computed from where it is, in fractions of the sides.
private func picture(
    _ width: Int,
    _ height: Int,
    _ colour: (_ x: Double, _ y: Double) -> [Double]
) -> SmallPicture {
    var rgba: [UInt8] = []
    for row in 0..<height {
        for column in 0..<width {
            let pixel = colour((Double(column) + 0.5) / Double(width), (Double(row) + 0.5) / Double(height))
            rgba += pixel.map { UInt8((255 * $0).rounded()) } + (pixel.count == 3 ? [255] : [])
        }
    }
    return SmallPicture(width: width, height: height, rgba: rgba)
}

/// What a ThumbHash says: its layout read the other way, and the cosine transform undone.
private struct Blur {
    let ratio: Double
    private let hash: [UInt8]
    private let hasAlpha: Bool
    private let across: Int
    private let down: Int

    init(_ hash: ThumbHash) {
        self.hash = hash.bytes
        self.hasAlpha = hash.bytes[2] & 0x80 != 0
        let longer = self.hasAlpha ? 5 : 7
        let shorter = Int(hash.bytes[3] & 7)
        let isLandscape = hash.bytes[4] & 0x80 != 0
        (self.across, self.down) = isLandscape ? (longer, shorter) : (shorter, longer)
        self.ratio = Double(self.across) / Double(self.down)
    }

    /// Red, green, blue and alpha at a point.
    func pixel(_ x: Double, _ y: Double) -> [Double] {
        let first = Int(self.hash[0]) | Int(self.hash[1]) << 8 | Int(self.hash[2]) << 16
        let second = Int(self.hash[3]) | Int(self.hash[4]) << 8
        var nibbles = self.hash.dropFirst(self.hasAlpha ? 6 : 5).flatMap { [Int($0 & 15), Int($0 >> 4)] }[...]
        func channel(_ average: Double, _ scale: Double, _ across: Int, _ down: Int) -> Double {
            var value = average
            for cy in 0..<down {
                for cx in 0..<across where cx + cy > 0 && cx * down < across * (down - cy) {
                    let wave = cos(.pi * x * Double(cx)) * cos(.pi * y * Double(cy))
                    value += 2 * (Double(nibbles.removeFirst()) / 7.5 - 1) * scale * wave * (cx > 0 && cy > 0 ? 2 : 1)
                }
            }
            return value
        }
        let lightness = channel(
            Double(first & 63) / 63,
            Double(first >> 18 & 31) / 31,
            max(3, self.across),
            max(3, self.down)
        )
        let yellowBlue = channel(Double(first >> 6 & 63) / 31.5 - 1, Double(second >> 3 & 63) / 63, 3, 3)
        let redGreen = channel(Double(first >> 12 & 63) / 31.5 - 1, Double(second >> 9 & 63) / 63, 3, 3)
        let alpha =
            self.hasAlpha
            ? channel(Double(self.hash[5] & 15) / 15, Double(self.hash[5] >> 4) / 15, 5, 5) : 1
        let blue = lightness - 2 / 3 * yellowBlue
        let red = (3 * lightness - blue + redGreen) / 2
        return [red, red - redGreen, blue, alpha]
    }
}

struct ThumbHashPictureTests {
    /// A white square, by hand from the layout: lightness 63, both colours in the middle (31.5 rounds to 32), no scale,
    /// seven frequencies, and nothing in any of them.
    @Test func aWhiteSquareIsItsAverage() {
        let hash = ThumbHash(of: picture(8, 8) { _, _ in [1, 1, 1] })
        #expect(hash.bytes == [0x3F, 0x08, 0x02, 0x07, 0x00] + [UInt8](repeating: 0, count: 19))
    }

    /// Red: lightness 1/3 (21), yellow-blue 0.5 (31.5 + 15.75 = 47), red-green 1 (63); landscape of 7 × 4.
    @Test func aRedLandscapeIsItsAverageAndItsShape() {
        let hash = ThumbHash(of: picture(70, 40) { _, _ in [1, 0, 0] })
        let first = 21 | 47 << 6 | 63 << 12
        let header = [first, first >> 8, first >> 16, 4, 0x80].map { UInt8(truncatingIfNeeded: $0) }
        #expect(Array(hash.bytes.prefix(5)) == header)
        #expect(hash.bytes.dropFirst(5).allSatisfy { $0 == 0 })
    }

    /// One wave and nothing else: the lightness' first frequency across is at its most, all others in the middle.
    @Test func aWaveIsOneFrequency() {
        let hash = ThumbHash(
            of: picture(100, 100) { x, _ in
                let grey = 0.5 + 0.5 * cos(.pi * x)
                return [grey, grey, grey]
            }
        )
        // The mean of cos² is a half: an amplitude of 0.25, of which 31 steps make 8.
        #expect(hash.bytes[2] >> 2 & 31 == 8)
        #expect(hash.bytes[5] & 15 == 15)
        let others = hash.bytes.dropFirst(5).flatMap { [$0 & 15, $0 >> 4] }.dropFirst().prefix(26)
        #expect(others.allSatisfy { (7...8).contains($0) }, "\(others)")
    }

    @Test(arguments: [(64, 48), (48, 64), (100, 100), (100, 13), (3, 100), (1, 1), (2, 1)])
    func whatIsDecodedLooksAlike(_ width: Int, _ height: Int) throws {
        let colours: [(Double, Double) -> [Double]] = [
            { x, _ in [x, x, x] }, { _, y in [1 - y, 0.5, y] }, { x, y in [x, 0.3, 1 - y] },
            { x, y in [0.2, 0.4 + 0.2 * x, 0.8 - 0.3 * y] },
        ]
        for colour in colours {
            let source = picture(width, height, colour)
            let blur = Blur(ThumbHash(of: source))
            let ratio = Double(width) / Double(height)
            if (0.25...4).contains(ratio) { #expect(abs(blur.ratio / ratio - 1) < 0.15, "\(blur.ratio), \(ratio)") }
            var (sum, count) = (0.0, 0)
            for row in stride(from: 0, to: height, by: 1 + height / 12) {
                for column in stride(from: 0, to: width, by: 1 + width / 12) {
                    let place = ((Double(column) + 0.5) / Double(width), (Double(row) + 0.5) / Double(height))
                    for (seen, meant) in zip(blur.pixel(place.0, place.1), colour(place.0, place.1)) {
                        sum += abs(min(1, max(0, seen)) - meant)
                        count += 1
                    }
                }
            }
            // Each of up to 37 frequencies is off by half a step of 15, also those that are none.
            #expect(sum / Double(count) < 0.09, "\(width) × \(height): \(sum / Double(count))")
        }
    }

    @Test func whatIsTransparentIsSoInTheHash() {
        let source = picture(60, 60) { x, _ in x < 0.5 ? [0, 1, 0, 0] : [1, 0, 0, 1] }
        let hash = ThumbHash(of: source)
        #expect(hash.bytes.count == 25)
        let blur = Blur(hash)
        #expect(blur.pixel(0.1, 0.5)[3] < 0.25 && blur.pixel(0.9, 0.5)[3] > 0.75)
        // The green that nobody sees is not in it.
        let seen = blur.pixel(0.9, 0.5)
        #expect(seen[0] > 0.85 && seen[1] < 0.15 && seen[2] < 0.15, "\(seen)")
        // Nothing at all is to be seen.
        let nothing = ThumbHash(of: picture(10, 10) { _, _ in [1, 1, 1, 0] })
        #expect(Blur(nothing).pixel(0.5, 0.5)[3] == 0)
    }
}

struct SmallPictureTests {
    @Test func patchesAreAveragedByTheirAlpha() {
        // 200 × 100 in columns of red, and blue that is hardly there.
        let pixels = (0..<100).flatMap { _ in (0..<100).flatMap { _ in [255, 0, 0, 255, 0, 0, 255, 85] as [UInt8] } }
        let small = pixels.withUnsafeBytes {
            SmallPicture(averaging: $0, PictureSize(width: 200, height: 100), bands: 4, stride: 800)
        }
        #expect(small.width == 100 && small.height == 50)
        #expect(Array(small.rgba.prefix(4)) == [191, 0, 64, 170])
        #expect(Set(small.rgba.indices.map { $0 % 4 == 0 ? small.rgba[$0] : 191 }) == [191])
    }

    /// Whatever the size: every pixel is within, and what is small already stays as it is.
    @Test(arguments: [(1, 1), (100, 100), (101, 100), (37, 11), (1280, 960), (1, 5000), (16383, 1)])
    func picturesOfAllSizesFit(_ width: Int, _ height: Int) {
        let (bands, gap) = (3, 5)
        let pixels = (0..<height * (width * bands + gap)).map { UInt8(truncatingIfNeeded: $0 % (width * bands + gap)) }
        let small = pixels.withUnsafeBytes {
            SmallPicture(
                averaging: $0,
                PictureSize(width: width, height: height),
                bands: bands,
                stride: width * bands + gap
            )
        }
        let longer = max(width, height)
        #expect(max(small.width, small.height) == min(longer, SmallPicture.sideMax))
        if longer <= SmallPicture.sideMax {
            #expect(small.width == width && small.height == height)
            #expect(Array(small.rgba.prefix(4)) == [0, 1, 2, 255])
        }
    }
}

struct DominantColourTests {
    @Test(arguments: [[0.2, 0.4, 0.6], [0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]] as [[Double]])
    func aPlainPictureHasItsColour(_ colour: [Double]) {
        let found = DominantColour.find(in: picture(40, 30) { _, _ in colour })
        #expect(found.components == colour.map { UInt8((255 * $0).rounded()) } + [255])
    }

    @Test func theLargestPartWinsAndNotTheMean() {
        // 60 % of a blue that goes over an edge between two steps (31 and 32), the rest red and white.
        let found = DominantColour.find(
            in: picture(100, 50) { x, y in
                x < 0.6 ? [0.1, 0.1, y < 0.5 ? 0.62 : 0.64] : y < 0.5 ? [1, 0, 0] : [1, 1, 1]
            }
        )
        #expect(found.css == "#1a1aa1", "\(found)")
    }

    @Test func whatIsTransparentDoesNotCount() {
        let mostlyNothing = picture(50, 50) { x, _ in x < 0.9 ? [0, 0, 1, 0.1] : [1, 0.5, 0, 1] }
        #expect(DominantColour.find(in: mostlyNothing).css == "#ff8000")
        #expect(DominantColour.find(in: picture(5, 5) { _, _ in [0, 0, 0, 0] }) == .white)
    }
}

struct AttentionTests {
    /// Whether the point lies within 12 % of the picture from a place.
    private static func isNear(_ point: FocalPoint, _ x: Double, _ y: Double) -> Bool {
        let (left, top) = (Double(point.x) / 10_000, Double(point.y) / 10_000)
        return abs(left - x) < 0.12 && abs(top - y) < 0.12
    }

    @Test(arguments: [(0.2, 0.2), (0.8, 0.3), (0.5, 0.85), (0.15, 0.9)])
    func whatStandsOutIsFound(_ x: Double, _ y: Double) {
        let things: [(Double, Double) -> [Double]] = [
            // A strong colour, a face's colour, a pattern.
            { _, _ in [0.9, 0.1, 0.1] }, { _, _ in [0.87, 0.67, 0.53] },
            { column, row in Int(column * 50) % 2 == Int(row * 50) % 2 ? [0.1, 0.1, 0.1] : [0.9, 0.9, 0.9] },
        ]
        for (index, thing) in things.enumerated() {
            for (width, height) in [(100, 67), (60, 90)] {
                let found = Attention.find(
                    in: picture(width, height) { column, row in
                        abs(column - x) < 0.1 && abs(row - y) < 0.1 ? thing(column, row) : [0.35, 0.38, 0.4]
                    }
                )
                #expect(Self.isNear(found, x, y), "thing \(index) at \(x), \(y): \(found)")
            }
        }
    }

    @Test(arguments: [[0.5, 0.5, 0.5], [1, 0, 0], [0, 0, 0, 0]] as [[Double]])
    func nothingStandsOutInAPlainPicture(_ colour: [Double]) {
        for (width, height) in [(100, 100), (31, 77), (1, 1)] {
            #expect(Attention.find(in: picture(width, height) { _, _ in colour }) == .centre)
        }
    }
}
