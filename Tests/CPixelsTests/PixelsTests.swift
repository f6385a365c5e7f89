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
