import Glibc
import Testing

@testable import MediaImaging

struct QualitySearchTests {
    /// Runs a search on a curve.
    private static func run(
        _ search: QualitySearch,
        _ value: (Double) -> Double
    ) -> (best: Double?, tries: [Double]) {
        var search = search
        var best: Double?
        var tries: [Double] = []
        while let quality = search.next() {
            tries.append(quality)
            if search.note(value(quality), at: quality) { best = quality }
        }
        return (best, tries)
    }

    /// Pictures from smooth to noisy: how unlike they are grows with the quantiser's step, by another law for each.
    private static func ssim(_ slope: Double, _ level: Double) -> @Sendable (Double) -> Double {
        { 1 - exp(slope * QualitySearch.step(at: $0) + level) }
    }

    private static let pictures: [@Sendable (Double) -> Double] = [0.6, 0.9, 1.15, 1.5, 1.9].flatMap { slope in
        [-3.0, -2.2, -1.58, -1.0, -0.6].map { Self.ssim(slope, $0) }
    }

    @Test(arguments: [0.9, 0.95, 0.97, 0.98, 0.985, 0.99])
    func itLandsJustAboveItsTarget(_ target: Double) throws {
        var tries = 0
        var reached = 0
        // At the very bottom a tenth of a point is a large step.
        for picture in Self.pictures where picture(100) >= target && picture(8) < target {
            let found = Self.run(QualitySearch(.ssim(target))) { QualitySearch.Goal.unlikeness(picture($0)) }
            let ssim = picture(try #require(found.best))
            #expect(ssim >= target && ssim <= target + 0.002, "\(ssim) in \(found.tries)")
            #expect(found.tries.count <= QualitySearch.triesMax)
            tries += found.tries.count
            reached += 1
        }
        #expect(reached > 10)
        #expect(Double(tries) / Double(reached) <= 3.5)
    }

    @Test func whatIsOutOfReachEndsAtTheTop() {
        for picture in Self.pictures where picture(100) < 0.999 {
            let found = Self.run(QualitySearch(.ssim(0.999))) { QualitySearch.Goal.unlikeness(picture($0)) }
            #expect(found.best == 100)
            #expect(found.tries.count <= 3)
        }
    }

    @Test func whatIsGoodEnoughAtTheWorstEndsThere() {
        let found = Self.run(QualitySearch(.ssim(0.5))) { QualitySearch.Goal.unlikeness(0.99 + $0 / 20_000) }
        #expect(found.best == 0)
    }

    @Test(arguments: [2_000, 10_000, 40_000, 200_000])
    func bytesStayBelowTheirLimit(_ bytes: Int) throws {
        let pixels = 640 * 480
        for level in [-4.6, -3.6, -2.6] {
            func length(_ quality: Double) -> Double {
                log(Double(pixels)) + level - 0.9 * QualitySearch.step(at: quality) + 0.02 * sin(quality)
            }
            let found = Self.run(QualitySearch(.bytes(bytes, pixels: pixels)), length)
            let best = try #require(found.best)
            switch (length(0) <= log(Double(bytes)), length(100) <= log(Double(bytes))) {
            case (_, true): #expect(best == 100)
            case (false, _): #expect(best == 0)
            case (true, false):
                #expect(length(best) <= log(Double(bytes)))
                #expect(length(best) >= log(Double(bytes)) - 0.1, "\(best) of \(found.tries)")
            }
        }
    }

    /// Encoders are not quite monotonous: no curve may send the search round in circles, or out of its range.
    @Test func anyCurveEnds() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let range = 40.0...Double.random(in: 40...100, using: &random)
            let step: Double = Bool.random(using: &random) ? 0.1 : 1
            let search = QualitySearch(.ssim(0.985), in: range, step: step)
            let found = Self.run(search) { _ in .random(in: -14...0, using: &random) }
            #expect(!found.tries.isEmpty && found.tries.count <= QualitySearch.triesMax)
            #expect(Set(found.tries).count == found.tries.count)
            #expect(found.tries.allSatisfy { range.contains($0) })
            let best = try #require(found.best)
            #expect(found.tries.contains(best))
        }
    }

    @Test func whatKeepsTheLimitIsBetterThanWhatIsNearer() {
        var search = QualitySearch(.bytes(1000, pixels: 1000))
        let tries = [(1001.0, 50.0), (400, 10), (1000.5, 49), (900, 40), (800, 30)]
        let isBest = tries.map { bytes, quality in search.note(log(bytes), at: quality) }
        #expect(isBest == [true, true, false, true, false])
    }

    @Test func stepsGoBackToTheirQuality() {
        for quality in stride(from: 0.0, through: 100, by: 0.5) {
            let back = QualitySearch.quality(atStep: QualitySearch.step(at: quality))
            #expect(abs(back - quality) < 1e-6)
        }
        #expect(QualitySearch.quality(atStep: 100) == 0)
        #expect(QualitySearch.quality(atStep: -100) == 100)
    }
}
