/// How hard the encoder may try, by how much there is to encode: a render has 10 s in all, and a recipe's effort is
/// meant for a picture of a megapixel or two. The engine goes by it, and ``RenderCost`` with it.
package enum Effort {
    /// An animation of more pixels, all frames together, is made of its first frame only: 100 megapixels of noise take
    /// 6 s of CPU to encode at effort 0, and 3 s to decode.
    package static let animationPixelsMax = 50_000_000
    /// The same for lossless animations: 100 megapixels of noise take 22 s.
    package static let animationPixelsMaxLossless = 20_000_000

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
