/// How hard the encoder may try, by how much there is to encode: a render has 10 s in all, and a recipe's effort is
/// meant for a picture of a megapixel or two. The engine goes by it, and ``RenderCost`` with it.
package enum Effort {
    /// What a recipe has that names none, where nothing else is said: at an upload.
    package static let usual = 4
    /// The same where a reader waits: at 1280 px 0.4 of the time for 5 % more bytes (PERFORMANCE.md).
    package static let quick = 2
    /// The same where nobody waits and what is there is to be made better.
    package static let best = 6
    /// Up to so many pixels the usual effort is quick enough for anybody: 15 ms.
    static let smallPixelsMax = 200_000

    /// An animation of more pixels, all frames together, is made of its first frame only: 100 megapixels of noise take
    /// 6 s of CPU to encode at effort 0, and 3 s to decode.
    package static let animationPixelsMax = 50_000_000
    /// The same for lossless animations: 100 megapixels of noise take 22 s.
    package static let animationPixelsMaxLossless = 20_000_000

    /// Larger stills are not tried without loss where their recipe does not ask for it: that takes up to a second a
    /// megapixel, and a hundred bytes a pixel. The default `preview` is not larger.
    package static let flatPixelsMax = 1_700_000

    private struct Rung {
        /// All frames of the rendition together.
        let pixelsMax: Int
        let effortMax: Int
    }

    private static let stillLossy = [
        Rung(pixelsMax: 20_000_000, effortMax: 6), Rung(pixelsMax: .max, effortMax: 2),
    ]
    private static let stillLossless = [
        Rung(pixelsMax: 4_000_000, effortMax: 6), Rung(pixelsMax: 12_000_000, effortMax: 2),
        Rung(pixelsMax: .max, effortMax: 0),
    ]
    private static let animatedLossy = [
        Rung(pixelsMax: 10_000_000, effortMax: 6), Rung(pixelsMax: 30_000_000, effortMax: 2),
        Rung(pixelsMax: .max, effortMax: 0),
    ]
    private static let animatedLossless = [
        Rung(pixelsMax: 2_000_000, effortMax: 6), Rung(pixelsMax: 6_000_000, effortMax: 2),
        Rung(pixelsMax: .max, effortMax: 0),
    ]

    /// AV1's encoder cannot be told to stop, so what it is given must be done in time.
    private static let avif = [Rung(pixelsMax: 3_000_000, effortMax: 6), Rung(pixelsMax: .max, effortMax: 0)]

    /// - Parameter pixels: of one frame.
    /// - Returns: 0 ... 6, at most the recipe's own.
    package static func effort(for recipe: Recipe, pixels: Int, frames: Int) -> Int {
        let rung = Self.ladder(for: recipe, frames: frames).first { pixels * frames <= $0.pixelsMax }
        return min(recipe.effort, rung?.effortMax ?? 0)
    }

    private static func ladder(for recipe: Recipe, frames: Int) -> [Rung] {
        if recipe.format == .avif { return Self.avif }
        if frames > 1 { return recipe.isLossless ? Self.animatedLossless : Self.animatedLossy }
        return recipe.isLossless ? Self.stillLossless : Self.stillLossy
    }
}

// What is made when. The effort is part of the recipe that a rendition is kept with, not of the moment: made again, the
// same bytes come out. And who names an effort gets it (docs/decisions/0028).
extension Recipe {
    /// For a rendition that is made at its first request.
    package var forReader: Recipe {
        if self.format == .jpeg { return self }
        let (across, down) = (self.width ?? self.height ?? .max, self.height ?? self.width ?? .max)
        let (pixels, isVast) = across.multipliedReportingOverflow(by: down)
        return isVast || pixels > Effort.smallPixelsMax ? self.withEffort(Effort.quick) : self
    }

    /// For renditions that are made anew of what is there.
    package var forReprocessing: Recipe { self.withEffort(Effort.best) }

    private func withEffort(_ effort: Int) -> Recipe {
        guard self.effort == Effort.usual else { return self }
        var recipe = self
        recipe.effort = effort
        return recipe
    }
}
