import CPixels
import Testing

/// Against figures of another implementation: the paper's formula as it stands, in double precision and with the whole
/// window at each place, by reference.py (numpy 2.4.6).
@Suite("How alike two planes are")
struct PixelsTests {
    struct Figures {
        let width: Int
        let height: Int
        let ssim: Double
        let psnr: Double
    }

    /// `.build/checks-venv/bin/python Tests/CPixelsTests/reference.py`
    static let expected = [
        Figures(width: 300, height: 40, ssim: 0.935326426, psnr: 27.836208250),
        Figures(width: 267, height: 11, ssim: 0.919331969, psnr: 27.820455153),
        Figures(width: 266, height: 12, ssim: 0.919985315, psnr: 27.825663646),
        Figures(width: 64, height: 48, ssim: 0.855807015, psnr: 27.970118683),
        Figures(width: 11, height: 11, ssim: 0.661932775, psnr: 28.057488204),
        Figures(width: 10, height: 30, ssim: 0.761832869, psnr: 28.451425682),
        Figures(width: 30, height: 7, ssim: 0.726280393, psnr: 28.286173446),
        Figures(width: 5, height: 4, ssim: 0.619256253, psnr: 28.174451663),
        Figures(width: 2, height: 1, ssim: 0.516194749, psnr: 29.409240881),
        Figures(width: 1, height: 1, ssim: 0.802567608, psnr: 28.130803609),
    ]

    @Test("agree with the paper's formula", arguments: expected)
    func agreesWithTheFormula(_ figures: Figures) {
        let a = SyntheticPlane(width: figures.width, height: figures.height, hasNoise: false)
        let b = SyntheticPlane(width: figures.width, height: figures.height, hasNoise: true)
        // Single precision, of few places not averaged away.
        let tolerance = figures.width * figures.height < 100 ? 5e-5 : 2e-6
        #expect(abs(ssim(a, b) - figures.ssim) < tolerance)
        #expect(abs(psnr(a, b) - figures.psnr) < 1e-8)
        #expect(ssim(a, b) == ssim(b, a))
        #expect(psnr(a, b) == psnr(b, a))
    }

    @Test("are exactly 1 and infinite of equal planes", arguments: expected)
    func equalPlanes(_ figures: Figures) {
        let plane = SyntheticPlane(width: figures.width, height: figures.height, hasNoise: true)
        #expect(ssim(plane, plane) == 1)
        #expect(psnr(plane, plane) == .infinity)
    }

    @Test("look at each sample once: a plane in a larger one has the figures it has alone")
    func stridesAreKept() {
        let (a, b) = (
            SyntheticPlane(width: 300, height: 40, hasNoise: false),
            SyntheticPlane(width: 300, height: 40, hasNoise: true)
        )
        let (inA, inB) = (Self.padded(a, to: 317, with: 0), Self.padded(b, to: 331, with: 255))
        #expect(cpixels_ssim(inA, 317, inB, 331, 300, 40) == ssim(a, b))
        #expect(cpixels_psnr(inA, 317, inB, 331, 300, 40) == psnr(a, b))
    }

    @Test("see one sample that differs, wherever it is", arguments: [0, 149, 299, 300 * 20 + 255, 300 * 40 - 1])
    func oneSampleCounts(_ index: Int) {
        let plane = SyntheticPlane(width: 300, height: 40, hasNoise: false)
        var other = plane
        other.samples[index] ^= 0x80
        #expect(ssim(plane, other) < 1)
        #expect(abs(psnr(plane, other) - 46.7784) < 1e-3)  // 10 · log10(255² · 12000 / 128²)
    }

    @Test("are near 0 of black and white, and below it of a picture and its negative")
    func oppositesAreUnlike() {
        var (black, white) = (
            SyntheticPlane(width: 64, height: 48, hasNoise: true), SyntheticPlane(width: 64, height: 48, hasNoise: true)
        )
        let negative = white.samples.map { 255 - $0 }
        #expect(cpixels_ssim(white.samples, 64, negative, 64, 64, 48) < -0.1)
        black.samples = [UInt8](repeating: 0, count: 64 * 48)
        white.samples = [UInt8](repeating: 255, count: 64 * 48)
        #expect(abs(ssim(black, white) - 6.5025 / (65025 + 6.5025)) < 1e-6)
        #expect(psnr(black, white) == 0)
    }

    @Test("see red, green and blue by their weights, and white as white")
    func lumaIsThatOfBT601() {
        let colours: [(rgb: [UInt8], luma: UInt8)] = [
            ([0, 0, 0], 0), ([255, 255, 255], 255), ([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29),
            ([128, 128, 128], 128), ([10, 200, 90], 131),
        ]
        // Often enough for whole vectors, and some pixels more.
        let pixels = (0..<10).flatMap { _ in colours }
        var luma = [UInt8](repeating: 1, count: pixels.count)
        cpixels_luma(pixels.flatMap(\.rgb), pixels.count, &luma)
        #expect(luma == pixels.map(\.luma))
    }

    @Test("draw differences larger than they are, and white where there is no room")
    func differencesAreDrawnLarger() {
        let a: [UInt8] = (0..<100).map { UInt8($0) }
        let b = [UInt8](repeating: 40, count: 100)
        var difference = [UInt8](repeating: 1, count: 100)
        cpixels_difference(a, b, 100, 8, &difference)
        #expect(difference == (0..<100).map { UInt8(min(255, abs($0 - 40) * 8)) })
    }

    private static func padded(_ plane: SyntheticPlane, to stride: Int, with padding: UInt8) -> [UInt8] {
        (0..<plane.height).flatMap { row in
            plane.samples[row * plane.width..<(row + 1) * plane.width]
                + [UInt8](repeating: padding, count: stride - plane.width)
        }
    }
}

private func ssim(_ a: SyntheticPlane, _ b: SyntheticPlane) -> Double {
    cpixels_ssim(a.samples, a.width, b.samples, b.width, Int32(a.width), Int32(a.height))
}

private func psnr(_ a: SyntheticPlane, _ b: SyntheticPlane) -> Double {
    cpixels_psnr(a.samples, a.width, b.samples, b.width, Int32(a.width), Int32(a.height))
}
